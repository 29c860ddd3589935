//! The pages for operators: their commands run, their examples are valid, their links lead somewhere.

mod compose;
mod document;
mod reverse_proxies;
mod runner;

use std::path::Path;

use document::{anchors, code_blocks, read};
use runner::Runner;
use testkit::workspace_root;

/// The languages of blocks that are no commands.
const LANGUAGES: [&str; 4] = ["caddyfile", "ini", "json", "nginx"];

/// Runs the commands of a page after others that it takes for granted.
async fn run_commands(page: &str, before: &[&str]) {
    let mut runner = Runner::start(page).await;
    for line in before {
        runner.run(line).await;
    }
    let mut heading = String::new();
    for block in code_blocks(&read(page)) {
        if !block.language.is_empty() {
            let is_known = LANGUAGES.contains(&block.language.as_str());
            assert!(is_known, "{page}: {}", block.language);
            if block.language == "json" {
                let json = serde_json::from_str::<serde_json::Value>(&block.lines.join("\n"));
                assert!(json.is_ok(), "{page}: {json:?}");
            }
            continue;
        }
        if block.heading != heading {
            heading = block.heading;
            runner.prepare(&heading).await;
        }
        for line in &block.lines {
            runner.run(line).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_operations_guide_runs() {
    run_commands("docs/operations.md", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_about_backups_runs() {
    run_commands("docs/backups.md", &["syncer once"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_about_webhooks_runs() {
    run_commands("docs/webhooks.md", &["syncer once"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_about_docker_compose_data_and_posters_is_known() {
    run_commands("docs/docker-compose.md", &[]).await;
    run_commands("docs/data-forms.md", &[]).await;
    run_commands("docs/posters.md", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "unknown command")]
async fn a_command_that_the_test_does_not_know_fails() {
    Runner::start("a page").await.run("reboot now").await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "syncer synchronise")]
async fn a_compose_command_that_the_syncer_does_not_have_fails() {
    let mut runner = Runner::start("a page").await;
    runner
        .run("docker-compose run --rm syncer synchronise")
        .await;
}

#[test]
fn every_alert_has_its_section() {
    let rules = read("deploy/observability/rules.yml");
    let anchors = anchors(&read("docs/operations.md"));
    let alerts = rules
        .lines()
        .filter_map(|line| line.split("alert: ").nth(1));
    let missing: Vec<_> = alerts
        .filter(|alert| !anchors.contains(&alert.to_lowercase()))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn every_link_between_the_documents_leads_to_a_page_and_a_heading() {
    let mut pages = vec![
        "README.md".to_owned(),
        "ARCHITECTURE.md".into(),
        "CONTRIBUTING.md".into(),
        "deploy/observability/README.md".into(),
    ];
    for file in workspace_root().join("docs").read_dir().unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    let mut broken = Vec::new();
    for page in &pages {
        let text = read(page);
        let links = text.split("](").skip(1);
        for link in links.filter_map(|rest| rest.split_once(')').map(|(link, _)| link)) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(page).parent().unwrap();
            let target = match file {
                "" => workspace_root().join(page),
                file => workspace_root().join(folder).join(file),
            };
            let has_anchor = || {
                let text = std::fs::read_to_string(&target).unwrap();
                anchors(&text).iter().any(|known| known == anchor)
            };
            if !target.exists() || !anchor.is_empty() && !has_anchor() {
                broken.push(format!("{page}: {link}"));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}
