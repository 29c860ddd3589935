//! Measurements of the built services, each as a process of its own.
//!
//! `cargo build --profile dist --workspace --bins`, then `TEST_BINARIES=target/dist target/dist/bench start`

mod contention;
mod follow;
mod generate;
mod processes;
mod publish;
mod scale;
mod serve;

use std::net::SocketAddr;

use crate::generate::{Generated, GeneratedSource};
use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use common::config::Database;
use tempfile::TempDir;
use testkit::mongo::{Mongo, fresh_database};

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
    /// A catalogue of any size: first sync, start, memory, questions, unchanged sync, a small delta.
    Scale {
        /// The store between syncer and web app.
        #[arg(value_enum)]
        store: StoreKind,
        /// How many movies it has.
        #[arg(long)]
        movies: u64,
    },
    /// A polite client's latency on `/movies` beside 8 clients that send costly requests in a loop.
    Contention {
        /// The store between syncer and web app.
        #[arg(value_enum)]
        store: StoreKind,
        /// How many movies it has.
        #[arg(long, default_value_t = 100_000)]
        movies: u64,
        /// How long each kind of request is sent.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Only the kinds of requests with this in their name.
        #[arg(long)]
        only: Option<String>,
    },
    /// The first publishing of a catalogue to MongoDB beside upserts by pymongo (needs `pymongo`).
    Publish {
        /// How many movies it has.
        #[arg(long, default_value_t = 100_000)]
        movies: u64,
    },
    /// Serves an invented catalogue of any size as the Ghibli API would, until it is stopped.
    Generate {
        /// How many movies it has.
        #[arg(long)]
        movies: u64,
        /// Another seed gives another catalogue.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// So many movies have another title than they would have.
        #[arg(long, default_value_t = 0)]
        retitled: u64,
        /// Where it listens.
        #[arg(long, default_value = "127.0.0.1:8001")]
        listen: SocketAddr,
    },
    /// Rate, CPU time and latency beside nginx with the same bytes (needs `nginx` and `wrk`).
    Serve {
        /// How many connections ask at once; several settings with commas between them.
        #[arg(long, value_delimiter = ',', default_values_t = [32_u32])]
        connections: Vec<u32>,
        /// How long each load lasts.
        #[arg(long, default_value_t = 4)]
        seconds: u32,
    },
    /// Rate and latency while versions are published, beside those in peace (needs `wrk`).
    ServePublishing {
        /// How long each load lasts.
        #[arg(long, default_value_t = 4)]
        seconds: u32,
    },
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
        Measure::ServePublishing { seconds } => {
            serve::while_publishing(cli.rounds, seconds).await?;
        }
        Measure::Contention {
            store,
            movies,
            seconds,
            only,
        } => contention::measure(store, movies, seconds, only).await?,
        Measure::Publish { movies } => publish::measure(movies, cli.rounds).await?,
        Measure::Scale { store, movies } => scale::measure(store, movies, cli.rounds).await?,
        Measure::Generate {
            movies,
            seed,
            retitled,
            listen,
        } => {
            let generated = Generated {
                movies,
                seed,
                retitled,
            };
            generate(generated, listen).await?;
        }
        Measure::Serve {
            connections,
            seconds,
        } => serve::measure(cli.rounds, &connections, seconds).await?,
        Measure::Follow { store } => follow::measure(store, cli.rounds).await?,
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what it is asked for")]
async fn generate(catalogue: Generated, listen: SocketAddr) -> Result<()> {
    let source = GeneratedSource::start(catalogue, listen).await?;
    println!(
        "{} movies at {}; for example",
        catalogue.movies,
        source.url()
    );
    println!(
        "PYFLIX_PROVIDER_URLS={} PYFLIX_PROVIDER_MAX_BYTES=4GiB pyflix",
        source.url()
    );
    std::future::pending().await
}

/// A fresh store of a kind: its URL, what opens it here, and the folder that it may need.
async fn fresh(store: StoreKind) -> Result<(String, Database, TempDir)> {
    let folder = TempDir::new()?;
    let file = folder.path().join("pyflix.db");
    Ok(match store {
        StoreKind::Sqlite => (
            format!("sqlite:{}", file.display()),
            Database::Sqlite(file),
            folder,
        ),
        StoreKind::Mongodb => {
            let url = Mongo::replica_set().await.url(&fresh_database());
            (url.clone(), Database::MongoDb(url.into()), folder)
        }
    })
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
