/// Prints a line on standard output.
#[expect(clippy::print_stdout, reason = "the output of a command")]
pub(super) fn print(line: &str) {
    println!("{line}");
}

/// Prints a line on standard error.
#[expect(clippy::print_stderr, reason = "the failure of a command")]
pub(super) fn print_error(line: &str) {
    eprintln!("syncer: {line}");
}
