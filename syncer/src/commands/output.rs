use std::io::{self, Write as _};
use std::sync::OnceLock;

use anyhow::bail;

/// The first failure of standard output.
static FAILURE: OnceLock<io::Error> = OnceLock::new();

/// Prints a line on standard output.
pub(super) fn print(line: &str) {
    record_failure(writeln!(io::stdout(), "{line}"));
}

/// Prints a line without its colours if standard output is not a terminal or `NO_COLOR` is set.
pub(super) fn print_styled(line: &str) {
    record_failure(writeln!(anstream::stdout(), "{line}"));
}

fn record_failure(printed: io::Result<()>) {
    if let Err(error) = printed {
        FAILURE.get_or_init(|| error);
    }
}

/// Checks that all output was printed, or that its reader has closed the pipe, as `head` does.
///
/// # Errors
/// When the output is incomplete.
pub(super) fn check() -> anyhow::Result<()> {
    match FAILURE.get() {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            bail!("cannot write the output: {error}")
        }
        _ => Ok(()),
    }
}
