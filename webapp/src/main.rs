//! The `webapp` binary.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    webapp::cli::main(webapp::cli::Cli::parse()).await
}
