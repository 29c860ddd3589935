//! Measurements of the built services, each as a process of its own.
//!
//! `cargo build --release && TEST_BINARIES=target/release cargo run --release -p bench -- start`

mod follow;
mod processes;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    measure: Measure,
    /// How often it is measured.
    #[arg(long, default_value_t = 20, global = true)]
    rounds: u32,
}

#[derive(Debug, Subcommand)]
enum Measure {
    /// From the start of `pyflix` to its first 200, on a new store each time.
    Start,
    /// The memory of a web app at rest with the seed.
    Rest,
    /// From a commit to its version on a running web app.
    Follow {
        /// The store between the two processes.
        #[arg(value_enum)]
        store: StoreKind,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StoreKind {
    Sqlite,
    Mongodb,
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    match cli.measure {
        Measure::Start => processes::start(cli.rounds).await,
        Measure::Rest => processes::rest().await?,
        Measure::Follow { store } => follow::measure(store, cli.rounds).await?,
    }
    Ok(())
}

/// Prints the spread of some measurements.
#[expect(clippy::print_stdout, reason = "what it is asked for")]
fn report(what: &str, unit: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let at = |share: usize| {
        let place = (values.len() * share).div_ceil(100).max(1) - 1;
        values.get(place).copied().unwrap_or_default()
    };
    println!(
        "{what}: median {:.1} {unit}, p99 {:.1} {unit}, maximum {:.1} {unit} ({} measured)",
        at(50),
        at(99),
        at(100),
        values.len()
    );
}
