use std::{
    collections::HashMap,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

use crate::workspace_root;

/// The path of the workspace's binary called `name`, as the sources are now.
///
/// The first call builds all of them in the profile of the running test. Where `TEST_BINARIES`
/// names a folder, they are taken from there and nothing is built.
pub fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();

    if let Some(folder) = std::env::var_os("TEST_BINARIES") {
        let path = Path::new(&folder).join(name);
        assert!(
            path.is_file(),
            "TEST_BINARIES holds no {name}: build it first"
        );
        return path;
    }
    let built = BUILT.get_or_init(build);
    built
        .get(name)
        .unwrap_or_else(|| panic!("the workspace has no binary {name}"))
        .clone()
}

fn build() -> HashMap<String, PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_the_test(name)) {
        command.env_remove(name);
    }
    let built = command
        .args([
            "build",
            "--workspace",
            "--bins",
            // With the tests cargo selects the features that the running test was built with.
            "--tests",
            "--locked",
            "--message-format=json",
        ])
        .args(profile())
        .current_dir(workspace_root())
        .stdin(Stdio::null())
        .output()
        .expect("cargo should be there to build the binaries under test");
    if !built.status.success() {
        panic!(
            "the binaries do not build:\n{}",
            String::from_utf8_lossy(&built.stderr)
        );
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    messages.lines().filter_map(program).collect()
}

/// Whether cargo set a variable for the running test: build scripts watch such names, and would run
/// again for every build from a test, and after it.
fn is_of_the_test(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let prefixes = [
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_MANIFEST_",
        "CARGO_PKG_",
        "NEXTEST",
    ];
    [
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "LD_LIBRARY_PATH",
        "OUT_DIR",
    ]
    .contains(&&*name)
        || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// The profile and the target folder that the running test was built in, read from its path:
/// `TARGET/PROFILE/deps/TEST`.
fn profile() -> Vec<String> {
    let test = std::env::current_exe().expect("a running test has a path");
    let folder = test
        .ancestors()
        .nth(2)
        .expect("a test is in TARGET/PROFILE/deps");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => "dev",
        Some(name) => name,
    };
    let target = folder.parent().expect("a test is in TARGET/PROFILE/deps");
    vec![
        format!("--profile={profile}"),
        format!("--target-dir={}", target.display()),
    ]
}

/// Name and path of a program that is no test.
fn program(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message.pointer("/profile/test")?.as_bool()? {
        return None;
    }
    let path = message.get("executable")?.as_str()?;
    let name = message.pointer("/target/name")?.as_str()?;
    Some((name.to_owned(), PathBuf::from(path)))
}
