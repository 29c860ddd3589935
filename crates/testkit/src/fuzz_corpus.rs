//! The corpora of the fuzz targets.

use std::fs;

use crate::workspace_root;

/// Runs a target on each input of its corpus in `fuzz/corpus`.
///
/// # Panics
/// Without a corpus, or if the target panics; the last line printed names the input.
#[expect(clippy::print_stdout, reason = "shown if the test fails")]
pub fn replay(target: &str, run: impl Fn(&[u8])) {
    let folder = workspace_root().join("fuzz/corpus").join(target);
    let inputs = fs::read_dir(&folder).expect("the target should have a corpus");
    let mut count = 0;
    for input in inputs {
        let path = input.expect("the corpus should be readable").path();
        println!("{}", path.display());
        run(&fs::read(&path).expect("an input should be readable"));
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}
