//! The `syncer` binary.

use std::process::ExitCode;

use clap::Parser;

// It waits most of the time, and each thread keeps memory of its own.
#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    syncer::cli::main(syncer::cli::Cli::parse()).await
}
