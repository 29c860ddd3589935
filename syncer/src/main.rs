//! The `syncer` binary.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    syncer::cli::main(syncer::cli::Cli::parse()).await
}
