//! The example clients of the documentation, run against their APIs.

use std::process::Command;

use e2e::{DEADLINE, wait_until_shows};
use testkit::process::Service;
use testkit::{skips, workspace_root};

/// Runs a client with the base URL of a web app, and returns its output; `None` if the program is not
/// installed.
async fn run(test: &str, program: &str, client: &str) -> Option<String> {
    let api = match client.split_once('.') {
        Some(("drop-in", _)) => "ghibli",
        _ => "api/v1",
    };
    let client = workspace_root().join("docs/clients").join(client);
    let client = std::fs::read_to_string(client).unwrap();
    run_text(test, program, |_| client, api).await
}

/// As [`run`], for the text of a client, made from the web app's address.
async fn run_text(
    test: &str,
    program: &str,
    client: impl FnOnce(&str) -> String,
    api: &str,
) -> Option<String> {
    let has_program = Command::new(program).arg("--version").output().is_ok();
    if !has_program {
        skips::skip(test, &format!("{program} is missing"));
        return None;
    }
    let webapp = Service::start_web("webapp", &[], &[], DEADLINE).await;
    wait_until_shows(&format!("{}/ghibli/films", webapp.url()), "Totoro").await;
    let folder = tempfile::tempdir().unwrap();
    // For node the extension means a module; the others ignore it.
    let file = folder.path().join("client.mjs");
    std::fs::write(&file, client(webapp.url())).unwrap();
    let mut command = match program {
        // These clients are shell scripts.
        "curl" => Command::new("sh"),
        program => Command::new(program),
    };
    command.arg(file).arg(format!("{}/{api}", webapp.url()));
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn the_examples_of_the_readme_run_unchanged() {
    let test = "the_examples_of_the_readme_run_unchanged";
    let readme = std::fs::read_to_string(workspace_root().join("README.md")).unwrap();
    for (heading, program, expected) in [
        ("curl:", "curl", "Spirited Away"),
        ("JavaScript:", "node", "person Chihiro Ogino"),
        ("Python:", "python3", "Sosuke Human"),
    ] {
        let (_, after) = readme.split_once(heading).expect(heading);
        let lines = after.lines().skip_while(|line| line.is_empty());
        let lines = lines.map_while(|line| match line.strip_prefix("    ") {
            Some(code) => Some(code),
            None => line.is_empty().then_some(line),
        });
        let code = lines.collect::<Vec<_>>().join("\n");
        let client = |url: &str| {
            let host = url.trim_start_matches("http://");
            code.replace("localhost:8000", host)
        };
        if let Some(printed) = run_text(test, program, client, "").await {
            assert!(printed.contains(expected), "{heading} {printed}");
        }
    }
}

#[tokio::test]
async fn the_client_for_curl_lists_the_films_of_a_director() {
    let test = "the_client_for_curl_lists_the_films_of_a_director";
    let Some(printed) = run(test, "curl", "drop-in.sh").await else {
        return;
    };
    let films: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(films[0]["title"], "Grave of the Fireflies");
    assert_eq!(films.as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn the_client_for_javascript_follows_links_to_the_people_of_a_film() {
    let test = "the_client_for_javascript_follows_links_to_the_people_of_a_film";
    let Some(printed) = run(test, "node", "drop-in.mjs").await else {
        return;
    };
    assert!(printed.starts_with("Castle in the Sky\n"), "{printed}");
    assert!(printed.contains("- Pazu\n"), "{printed}");
}

#[tokio::test]
async fn the_client_for_python_reads_every_page() {
    let test = "the_client_for_python_reads_every_page";
    let Some(printed) = run(test, "python3", "drop-in.py").await else {
        return;
    };
    assert_eq!(printed.lines().count(), 57, "{printed}");
}

#[tokio::test]
async fn the_client_for_curl_lists_and_searches() {
    let test = "the_client_for_curl_lists_and_searches";
    let Some(printed) = run(test, "curl", "api.sh").await else {
        return;
    };
    let responses: Vec<serde_json::Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(responses[0]["items"][0]["title"], "Castle in the Sky");
    assert_eq!(responses[1]["items"][0]["name"], "My Neighbor Totoro");
}

#[tokio::test]
async fn the_client_for_javascript_marks_what_matched() {
    let test = "the_client_for_javascript_marks_what_matched";
    let Some(printed) = run(test, "node", "api.mjs").await else {
        return;
    };
    assert!(
        printed.contains("My Neighbor Totoro (movie): [となりの]トトロ"),
        "{printed}"
    );
}

#[tokio::test]
async fn the_client_for_python_keeps_a_copy() {
    let test = "the_client_for_python_keeps_a_copy";
    let Some(printed) = run(test, "python3", "api.py").await else {
        return;
    };
    assert_eq!(printed.lines().count(), 57, "{printed}");
}
