//! The systemd units in `deploy/systemd/`.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn systemd_accepts_the_units() {
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        testkit::skips::skip("systemd_accepts_the_units", "needs systemd-analyze");
        return;
    }
    let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/systemd");
    // With a program that exists here, since none is installed.
    let folder = tempfile::tempdir().unwrap();
    let mut copies = Vec::new();
    for unit in fs::read_dir(units).unwrap() {
        let unit = unit.unwrap();
        let text = fs::read_to_string(unit.path()).unwrap();
        let copy = folder.path().join(unit.file_name());
        let program = |line: &str| {
            let is_start = line.starts_with("ExecStart=");
            if is_start {
                "ExecStart=/bin/true"
            } else {
                line
            }
            .to_owned()
        };
        let lines: Vec<_> = text.lines().map(program).collect();
        fs::write(&copy, lines.join("\n")).unwrap();
        copies.push(copy);
    }
    assert_eq!(copies.len(), 3);
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(&copies)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success() && printed.is_empty(), "{printed}");
}

#[test]
fn commands_of_the_guide_have_the_user_the_folder_and_the_settings_of_the_service() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let unit = fs::read_to_string(root.join("deploy/systemd/pyflix.service")).unwrap();
    let guide = fs::read_to_string(root.join("docs/operations.md")).unwrap();
    let command = guide.split("systemd-run").nth(1).unwrap();
    let command = command.split("/usr/local/bin/").next().unwrap();
    for (setting, option) in [
        ("DynamicUser=", "-p DynamicUser="),
        ("User=", "-p User="),
        ("StateDirectory=", "-p StateDirectory="),
        ("StateDirectoryMode=", "-p StateDirectoryMode="),
        ("UMask=", "-p UMask="),
        ("EnvironmentFile=", "-p EnvironmentFile="),
        ("Environment=", "-E "),
    ] {
        let mut values = unit.lines().filter_map(|line| line.strip_prefix(setting));
        let value = values.next().unwrap();
        assert!(command.contains(&format!("{option}{value} ")), "{setting}");
        assert_eq!(values.next(), None, "{setting}");
    }
}
