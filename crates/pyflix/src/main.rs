#![doc = include_str!("../README.md")]

mod cli;

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use common::clock::Clock;
use common::config::Config;
use common::metrics::Metrics;
use common::repository::{Access, Repository};
use common::{exit, shutdown, telemetry};
use syncer::metrics::SyncMetrics;
use syncer::schedule as syncing;
use webapp::run as serving;

fn main() -> ExitCode {
    let called = std::env::args_os().next().map(PathBuf::from);
    let name = called.as_deref().and_then(Path::file_stem);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all();
    let ended = match name.and_then(OsStr::to_str) {
        Some("webapp") => {
            let cli = webapp::cli::Cli::parse();
            runtime
                .build()
                .map(|runtime| runtime.block_on(webapp::cli::main(cli)))
        }
        Some("syncer") => {
            let cli = syncer::cli::Cli::parse();
            let runtime = runtime.worker_threads(1).build();
            runtime.map(|runtime| runtime.block_on(syncer::cli::main(cli)))
        }
        _ => {
            cli::Cli::parse();
            runtime
                .build()
                .map(|runtime| runtime.block_on(standalone()))
        }
    };
    ended.unwrap_or_else(|error| fail(exit::FAILURE, &format!("cannot start the runtime: {error}")))
}

async fn standalone() -> ExitCode {
    let config = match Config::load() {
        Ok(config) => config,
        Err(error) => return fail(exit::CONFIGURATION, &error),
    };
    if let Err(error) = telemetry::start(&config) {
        return fail(exit::FAILURE, &error);
    }
    let parts = match Parts::new(&config).await {
        Ok(parts) => parts,
        Err(error) => return fail(exit::CONFIGURATION, &format!("{error:#}")),
    };
    match run(&config, parts).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(exit::FAILURE, &format!("{error:#}")),
    }
}

/// The parts that must exist before anything starts; each one can fail because of a wrong setting.
struct Parts {
    repository: Repository,
    syncer: syncer::pipeline::Syncer,
    webhooks: syncer::webhooks::Webhooks,
    posters: syncer::posters::Posters,
    listeners: serving::Listeners,
    metrics: Metrics,
}

impl Parts {
    async fn new(config: &Config) -> anyhow::Result<Self> {
        let clock = Clock::system();
        let metrics = Metrics::new("pyflix", config);
        let repository = Repository::open(&config.database, Access::Writer, clock).await?;
        let repository = repository.with_metrics(&metrics);
        let (syncer, webhooks, posters) = syncer::cli::syncer(repository.clone(), config)?;
        posters.register(&metrics);
        Ok(Self {
            syncer,
            webhooks,
            posters,
            repository,
            listeners: serving::listen(config).await?,
            metrics,
        })
    }
}

async fn run(config: &Config, parts: Parts) -> anyhow::Result<()> {
    let shutdown = shutdown::on_signal().context("cannot install signal handlers")?;
    print_line(&format!(
        "PyFlix is running at {}",
        serving::address(&parts.listeners.site)?
    ));
    // A half that ends stops the other one, and both get their time to end.
    let (interval, stop) = (config.sync_interval, shutdown.clone());
    let sync_metrics = SyncMetrics::register(&parts.metrics);
    parts.webhooks.register_metrics(&parts.metrics);
    let syncing = tokio::spawn(async move {
        let _stops_all = stop.clone().drop_guard();
        parts.webhooks.register_new(&stop).await;
        tokio::join!(
            parts.webhooks.run(&stop),
            syncing::run(
                parts.syncer,
                parts.posters,
                interval,
                sync_metrics,
                stop.clone()
            )
        );
    });
    let serving = async {
        let _stops_all = shutdown.clone().drop_guard();
        let (listeners, metrics) = (parts.listeners, parts.metrics);
        serving::run(
            config,
            &parts.repository,
            listeners,
            metrics,
            shutdown.clone(),
        )
        .await
    };
    let (served, synced) = tokio::join!(serving, syncing);
    parts.repository.close().await;
    served?;
    synced.context("the syncer crashed")
}

fn print_line(line: &str) {
    // The reader may have gone.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn fail(code: u8, error: &dyn std::fmt::Display) -> ExitCode {
    exit::fail("pyflix", code, error)
}
