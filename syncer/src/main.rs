//! The `syncer` binary.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    syncer::cli::main(syncer::cli::Cli::parse()).await
}
