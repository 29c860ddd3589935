//! Prometheus itself: the alerts, the dashboard, and a scrape. Grafana is not run.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use e2e::{DEADLINE, Store, get, try_get};
use serde_json::Value;
use tempfile::TempDir;
use testkit::process::Service;
use testkit::skips::skip;
use testkit::source::Source;
use testkit::{eventually, on_path, workspace_root};

use super::scrape::{Scrape, address, scrape};
use super::{syncer, webapp};

fn observability() -> PathBuf {
    workspace_root().join("deploy/observability")
}

/// The names of metrics in a text.
fn names_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("pyflix_")).collect()
}

/// What web app and syncer expose together.
async fn exposed() -> (Scrape, Scrape) {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let (webapp, syncer) = (webapp(&store).await, syncer(&store, &source));
    let (web, sync) = (address(&webapp).await, address(&syncer).await);
    // A family is shown once it has a value.
    eventually(DEADLINE, async || {
        let (web, sync) = (scrape(&web).await, scrape(&sync).await);
        get(&format!("{}/movies", webapp.url())).await;
        let published = [("outcome", "published")];
        web.sum("pyflix_catalogue_version", &[]) == 1.0
            && sync.sum("pyflix_sync_runs_total", &published) == 1.0
            && web
                .names
                .contains("pyflix_http_request_duration_seconds_count")
    })
    .await;
    (scrape(&web).await, scrape(&sync).await)
}

#[tokio::test]
async fn rules_and_dashboard_use_metrics_that_exist_and_the_document_has_all() {
    let (web, sync) = exposed().await;
    let names: BTreeSet<_> = web.names.union(&sync.names).map(String::as_str).collect();
    for file in ["rules.yml", "rules_test.yml", "dashboard.json"] {
        let text = fs::read_to_string(observability().join(file)).unwrap();
        let used = names_in(&text);
        assert!(!used.is_empty(), "{file}");
        let unknown: Vec<_> = used.difference(&names).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
    let document = fs::read_to_string(observability().join("README.md")).unwrap();
    let documented: BTreeSet<_> = document.split('`').collect();
    for (name, kind) in web.families.iter().chain(&sync.families) {
        let suffix = match kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let name = name.strip_prefix("pyflix_").unwrap();
        let name = format!("{name}{suffix}");
        assert!(documented.contains(name.as_str()), "{name}");
    }
}

#[test]
fn the_dashboard_is_whole_json_with_a_query_in_each_panel() {
    let text = fs::read_to_string(observability().join("dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        assert!(!panel["title"].as_str().unwrap().is_empty());
        if panel["type"] == "row" {
            continue;
        }
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{panel}");
        for target in targets {
            let query = target["expr"].as_str().unwrap();
            assert!(!names_in(query).is_empty(), "{query}");
        }
    }
}

#[test]
fn every_alert_fires_in_its_case_and_not_in_the_other() {
    let Some(promtool) = on_path(&["promtool"]) else {
        return skip("alert rules", "promtool is not installed");
    };
    let rules = fs::read_to_string(observability().join("rules.yml")).unwrap();
    let cases = fs::read_to_string(observability().join("rules_test.yml")).unwrap();
    for alert in rules
        .lines()
        .filter_map(|line| line.split("alert: ").nth(1))
    {
        let of_alert = |line: &&str| line.contains(&format!("alertname: {alert}"));
        let checks = cases.lines().filter(of_alert).count();
        assert!(checks >= 2, "{alert} has {checks} cases");
    }
    for arguments in [
        ["check", "config", "prometheus.yml"],
        ["test", "rules", "rules_test.yml"],
    ] {
        let mut command = Command::new(&promtool);
        let command = command.args(arguments).current_dir(observability());
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[tokio::test]
async fn a_real_prometheus_reads_the_metrics_of_both_programs() {
    let Some(program) = on_path(&["prometheus"]) else {
        return skip("a real Prometheus", "prometheus is not installed");
    };
    let (store, source) = (Store::sqlite(), Source::start().await);
    let (webapp, syncer) = (webapp(&store).await, syncer(&store, &source));
    let targets = [address(&webapp).await, address(&syncer).await];
    let folder = TempDir::new().unwrap();
    let config = fs::read_to_string(observability().join("prometheus.yml")).unwrap();
    let config = config
        .replace("15s", "200ms")
        .replace("webapp:9464", &targets[0])
        .replace("syncer:9464", &targets[1]);
    fs::write(folder.path().join("prometheus.yml"), config).unwrap();
    let rules = observability().join("rules.yml");
    fs::copy(rules, folder.path().join("rules.yml")).unwrap();
    let arguments = [
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        "--web.listen-address=127.0.0.1:0",
    ];
    let prometheus = Service::start_program(folder.path(), &program, &arguments);
    let line = prometheus
        .wait_for_line(|line| line.contains("Listening on"), DEADLINE)
        .await;
    let address = line.split("address=").nth(1).unwrap().trim();
    let query = |query: &str| format!("http://{address}/api/v1/query?query={query}");
    for name in [
        "up",
        "pyflix_build_info",
        "pyflix_process_resident_memory_bytes",
        "pyflix_store_call_duration_seconds_count",
    ] {
        eventually(DEADLINE, async || {
            let response = try_get(&query(name))
                .await
                .map_err(|error| error.to_string())?;
            // Until it is ready, it says so in plain text.
            if response.status != 200 {
                return Err(response.body);
            }
            let json = response.json();
            let results = json["data"]["result"].as_array().ok_or("no results")?;
            let instances: BTreeSet<_> = results
                .iter()
                .filter(|result| result["value"][1] != "0")
                .filter_map(|result| result["metric"]["instance"].as_str())
                .collect();
            match targets
                .iter()
                .all(|target| instances.contains(target.as_str()))
            {
                true => Ok(()),
                false => Err(response.body),
            }
        })
        .await;
    }
    let targets = get(&format!("http://{address}/api/v1/targets"))
        .await
        .json();
    for target in targets["data"]["activeTargets"].as_array().unwrap() {
        assert_eq!(target["lastError"], "", "{target}");
        assert_eq!(target["health"], "up", "{target}");
    }
}
