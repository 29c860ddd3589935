//! The settings of the compose file, which needs no engine to be read.

use std::fs;
use std::process::Command;

use testkit::{skips, workspace_root};

/// The `${NAME:-DEFAULT}` of a text, as name and default.
fn variables(text: &str) -> Vec<(&str, &str)> {
    let starts = text.split("${").skip(1);
    let variables = starts.filter_map(|rest| rest.split_once('}')?.0.split_once(":-"));
    variables.collect()
}

#[test]
fn every_setting_of_the_compose_file_is_in_the_example_with_its_default() {
    let compose = fs::read_to_string(workspace_root().join("docker-compose.yml")).unwrap();
    let example = fs::read_to_string(workspace_root().join(".env.example")).unwrap();
    let variables = variables(&compose);
    assert!(variables.len() > 15, "{variables:?}");
    for (name, default) in variables {
        let shown = example.lines().find_map(|line| {
            line.strip_prefix('#')?
                .strip_prefix(name)?
                .strip_prefix('=')
        });
        let shown = shown.unwrap_or_else(|| panic!("{name} is not in .env.example"));
        assert!(default.is_empty() || shown == default, "{name}: {shown}");
    }
}

#[test]
fn every_setting_of_the_cluster_is_documented() {
    let read = |path: &str| fs::read_to_string(workspace_root().join(path)).unwrap();
    let compose = read("deploy/cluster/docker-compose.yml");
    let documented = read("deploy/cluster/README.md") + &read(".env.example");
    let variables = variables(&compose);
    assert!(variables.len() > 20, "{variables:?}");
    for (name, _) in variables {
        assert!(documented.contains(name), "{name} is not documented");
    }
}

#[test]
fn the_cluster_configures_its_services_like_the_small_compose_file() {
    let read = |path: &str| fs::read_to_string(workspace_root().join(path)).unwrap();
    let (small, cluster) = (
        read("docker-compose.yml"),
        read("deploy/cluster/docker-compose.yml"),
    );
    let settings = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim);
        let settings = lines.filter(|line| line.starts_with("PYFLIX_") || line.ends_with("_LIMIT"));
        settings.map(str::to_owned).collect()
    };
    let cluster = settings(&cluster);
    for setting in settings(&small) {
        // The cluster trusts its proxy.
        let differs = setting.starts_with("PYFLIX_TRUSTED_PROXIES");
        assert!(differs || cluster.contains(&setting), "{setting}");
    }
}

#[test]
fn the_memory_of_every_lasting_service_is_a_setting() {
    let compose = fs::read_to_string(workspace_root().join("docker-compose.yml")).unwrap();
    let limits: Vec<_> = variables(&compose)
        .into_iter()
        .filter(|(name, _)| name.ends_with("_MEMORY_LIMIT"))
        .collect();
    let wanted = [
        ("MONGO_MEMORY_LIMIT", "1g"),
        ("WEBAPP_MEMORY_LIMIT", "256m"),
        ("SYNCER_MEMORY_LIMIT", "512m"),
    ];
    assert_eq!(limits, wanted);
    // MongoDB's cache is the larger part of its memory.
    assert!(compose.contains("--wiredTigerCacheSizeGB=${MONGO_CACHE_GB:-"));
}

#[test]
fn a_set_up_service_that_fails_is_run_again() {
    let compose = fs::read_to_string(workspace_root().join("docker-compose.yml")).unwrap();
    for service in ["secrets", "init"] {
        let (_, section) = compose.split_once(&format!("\n  {service}:\n")).unwrap();
        let (section, _) = section.split_once("\n\n").unwrap();
        assert!(section.contains("    restart: on-failure"), "{section}");
    }
}

#[test]
fn scripts_and_snapshots_have_line_feeds_on_every_platform() {
    let files = [
        "scripts/test",
        "docker-compose.yml",
        "tests/snapshots/about.html",
    ];
    let mut git = Command::new("git");
    git.args(["check-attr", "eol", "--"]).args(files);
    let Ok(output) = git.current_dir(workspace_root()).output() else {
        skips::skip(
            "scripts_and_snapshots_have_line_feeds_on_every_platform",
            "git is missing",
        );
        return;
    };
    let attributes = String::from_utf8(output.stdout).unwrap();
    let expected: String = files
        .iter()
        .map(|file| format!("{file}: eol: lf\n"))
        .collect();
    assert_eq!(
        attributes,
        expected,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
