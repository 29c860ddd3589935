#![doc = include_str!("../README.md")]

mod cluster;
mod contention;
mod follow;
mod generate;
mod page_load;
mod processes;
mod publish;
mod report;
mod scale;
mod serve;
mod setup;

use std::net::SocketAddr;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::generate::{Generated, GeneratedSource};
use crate::setup::StoreKind;

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    measure: Measure,
    /// Number of measurements.
    #[arg(long, default_value_t = 20, global = true)]
    rounds: u32,
}

#[derive(Debug, Subcommand)]
enum Measure {
    /// Time from the start of `pyflix` to its first 200, on a new store each time.
    Start,
    /// A catalogue of any size: first sync, start, memory, requests, unchanged sync, a small delta.
    Scale {
        /// The store between syncer and web app.
        #[arg(value_enum)]
        store: StoreKind,
        /// Number of movies.
        #[arg(long)]
        movies: u64,
    },
    /// Latency of `/movies` while 8 other clients send costly requests in a loop.
    Contention {
        /// The store between syncer and web app.
        #[arg(value_enum)]
        store: StoreKind,
        /// Number of movies.
        #[arg(long, default_value_t = 100_000)]
        movies: u64,
        /// Seconds for each kind of request.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Only kinds of requests with this text in their name.
        #[arg(long)]
        only: Option<String>,
    },
    /// First publication of a catalogue to MongoDB, compared with upserts by pymongo (needs `pymongo`).
    Publish {
        /// Number of movies.
        #[arg(long, default_value_t = 100_000)]
        movies: u64,
    },
    /// Serve a generated catalogue of any size as the Ghibli API would, until stopped.
    Generate {
        /// Number of movies.
        #[arg(long)]
        movies: u64,
        /// Seed of the generator.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Number of movies with a changed title.
        #[arg(long, default_value_t = 0)]
        retitled: u64,
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1:8001")]
        listen: SocketAddr,
    },
    /// Rate, CPU time and latency, compared with nginx serving the same bytes (needs `nginx` and `wrk`).
    Serve {
        /// Number of connections, or several numbers separated by commas.
        #[arg(long, value_delimiter = ',', default_values_t = [32_u32])]
        connections: Vec<u32>,
        /// Seconds of each round.
        #[arg(long, default_value_t = 4)]
        seconds: u32,
    },
    /// Rate and latency while versions are published, compared with none (needs `wrk`).
    ServePublishing {
        /// Seconds of each round.
        #[arg(long, default_value_t = 4)]
        seconds: u32,
    },
    /// Memory of an idle web app with the built-in catalogue.
    Rest,
    /// Pages on a phone with a slow network, with posters and without: paints, layout shift, bytes
    /// (needs `chromium` and `chromedriver`).
    PageLoad,
    /// Several web apps on a replica set of three: commit to served, memory, database operations,
    /// requests through Caddy and without (needs `caddy` and `wrk`); several syncers on one source.
    Cluster {
        /// Number of movies.
        #[arg(long, default_value_t = 22)]
        movies: u64,
        /// Numbers of web apps.
        #[arg(long, value_delimiter = ',', default_values_t = [1_usize, 2, 4, 8])]
        webapps: Vec<usize>,
    },
    /// Time from a commit to its version on a running web app.
    Follow {
        /// The store between the two processes.
        #[arg(value_enum)]
        store: StoreKind,
    },
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
        Measure::PageLoad => page_load::measure(cli.rounds).await?,
        Measure::Cluster { movies, webapps } => {
            cluster::measure(movies, &webapps, cli.rounds).await?;
        }
        Measure::Follow { store } => follow::measure(store, cli.rounds).await?,
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
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
