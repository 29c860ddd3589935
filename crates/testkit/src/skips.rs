//! Tests that are skipped because the machine lacks something.

use std::{fs::OpenOptions, io::Write};

/// Prints `skipped: NAME: WHY` and appends it to the file that `PYFLIX_SKIPS` names, from which
/// `scripts/test` lists all skipped tests at the end.
#[expect(clippy::print_stdout, reason = "skipped tests are reported")]
pub fn skip(name: &str, why: &str) {
    let line = format!("skipped: {name}: {why}");
    println!("{line}");
    if let Some(path) = std::env::var_os("PYFLIX_SKIPS") {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .expect("PYFLIX_SKIPS should name a writable file");
        file.write_all(format!("{line}\n").as_bytes())
            .expect("the file of PYFLIX_SKIPS should be writable");
    }
}
