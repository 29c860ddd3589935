//! How the programs end when they cannot go on.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// The exit code of a failure.
pub const FAILURE: u8 = 1;

/// The exit code of a wrong setting.
pub const CONFIGURATION: u8 = 2;

/// Prints why a program ends, in one line on standard error, and returns its exit code.
pub fn fail(program: &str, code: u8, error: &dyn Display) -> ExitCode {
    // The reader may have gone.
    let _ = writeln!(io::stderr(), "{program}: {error}");
    ExitCode::from(code)
}
