//! Tests that pass by because the machine lacks something, told by name.

use std::{fs::OpenOptions, io::Write};

/// Tells that the test `name` was skipped, and why.
///
/// Prints `skipped: NAME: WHY`, and appends that line to the file that `PYFLIX_SKIPS` names, so
/// that a run of many test processes can list its skips at the end.
#[expect(
    clippy::print_stdout,
    reason = "a skip is told to whoever runs the tests"
)]
pub fn skip(name: &str, why: &str) {
    let line = format!("skipped: {name}: {why}");
    println!("{line}");
    if let Some(path) = std::env::var_os("PYFLIX_SKIPS") {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .expect("PYFLIX_SKIPS should name a file that can be written");
        file.write_all(format!("{line}\n").as_bytes())
            .expect("the skip should be noted in the file of PYFLIX_SKIPS");
    }
}
