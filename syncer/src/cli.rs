//! The commands of the `syncer` binary, and what they say and exit with.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use common::clock::Clock;
use common::config::{Config, Database};
use common::models::{Outcome, Run};
use common::repository::{Access, Repository};
use common::{shutdown, telemetry};

use crate::plan::Patience;
use crate::progress::Bar;
use crate::report::Report;
use crate::sync::Syncer;
use crate::{history, run, setup};

const HELD: u8 = 3;
const CONFIGURATION: u8 = 2;

/// Mirror the Ghibli API into the database. Without a command, syncs repeatedly until stopped.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sync once; exits with 0 if published, unchanged or pinned, 3 if held, 1 if it failed.
    Once,
    /// Set up the Docker Compose database: replica set and users.
    Init {
        /// Folder written by `syncer secrets`.
        #[arg(long, default_value = setup::FOLDER)]
        folder: std::path::PathBuf,
    },
    /// Create any missing Docker Compose secrets.
    Secrets {
        /// Folder to write to.
        #[arg(long, default_value = setup::FOLDER)]
        folder: std::path::PathBuf,
    },
    #[command(flatten)]
    History(history::Command),
}

/// Does what the command line says.
pub async fn main(cli: Cli) -> ExitCode {
    let mut config = match Config::load() {
        Ok(config) => config,
        Err(error) => return stop(CONFIGURATION, &error),
    };
    if let Err(error) = telemetry::start(&config) {
        return stop(1, &error);
    }
    let _empty = match &cli.command {
        Some(Command::History(history::Command::Plan)) => match elsewhere_if_missing(&mut config) {
            Ok(empty) => empty,
            Err(error) => return stop(1, &format!("{error:#}")),
        },
        _ => None,
    };
    let end = match cli.command {
        Some(Command::Secrets { folder }) => setup_end(setup::secrets(&folder).map(drop)),
        Some(Command::Init { folder }) => setup_end(setup::init(&folder).await),
        command => match syncer(&config).await {
            Ok(syncer) => command_end(command, syncer, &config).await,
            Err(error) => return stop(CONFIGURATION, &format!("{error:#}")),
        },
    };
    end.unwrap_or_else(|error| stop(1, &format!("{error:#}")))
}

/// A plan makes no file: in place of one that is missing it gets an empty one elsewhere, which
/// goes with what is returned.
fn elsewhere_if_missing(config: &mut Config) -> anyhow::Result<Option<tempfile::TempDir>> {
    let Database::Sqlite(path) = &mut config.database else {
        return Ok(None);
    };
    if path.exists() {
        return Ok(None);
    }
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    *path = folder.path().join("empty.db");
    Ok(Some(folder))
}

/// A syncer as configured.
///
/// # Errors
/// When a setting is wrong.
pub async fn syncer(config: &Config) -> anyhow::Result<Syncer> {
    let repository = Repository::open(&config.database, Access::Writer, Clock::system()).await?;
    over(repository, config)
}

/// A syncer as configured, over an open repository.
///
/// # Errors
/// When a setting is wrong.
pub fn over(repository: Repository, config: &Config) -> anyhow::Result<Syncer> {
    let client = ghibli_api::Client::new(ghibli_api::ClientConfig {
        providers: config.provider_urls.clone(),
        max_bytes: config.provider_max_bytes,
        user_agent: concat!("PyFlix/", env!("CARGO_PKG_VERSION")).to_owned(),
        timeouts: ghibli_api::Timeouts::default(),
    })?;
    let patience = Patience {
        fuse: config.fuse,
        missed_syncs: config.missed_syncs,
    };
    let repository = repository.with_retention(config.retention);
    Ok(Syncer::new(repository, client, Clock::system(), patience))
}

async fn command_end(
    command: Option<Command>,
    mut syncer: Syncer,
    config: &Config,
) -> anyhow::Result<ExitCode> {
    match command {
        None => {
            let shutdown = shutdown::on_signal().context("cannot install signal handlers")?;
            tracing::info!(
                "syncing every {} from {}",
                humantime::format_duration(config.sync_interval),
                config
                    .provider_urls
                    .iter()
                    .map(shown)
                    .collect::<Vec<_>>()
                    .join(", ")
            );
            run::run(syncer, config.sync_interval, shutdown).await;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::History(command)) => history::main(command, &syncer).await,
        Some(_) => {
            let shutdown = shutdown::on_signal().context("cannot install signal handlers")?;
            let lease = tokio::select! {
                lease = syncer.repository().acquire(history::waiting) => lease?,
                () = shutdown.cancelled() => anyhow::bail!("interrupted"),
            };
            let bar = Bar::new();
            let progress = |progress: ghibli_api::Progress<'_>| bar.show(progress);
            let ended = syncer.sync_once(lease, &progress, &shutdown).await;
            drop(bar);
            Ok(once_end(&ended.run))
        }
    }
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a command is asked for"
)]
fn once_end(run: &Run) -> ExitCode {
    let report = Report(run);
    match run.outcome {
        // Pinned to a version that is damaged and that the source does not complete.
        Outcome::Unchanged if !run.damage.is_empty() => {
            eprintln!("syncer: {report}");
            ExitCode::FAILURE
        }
        Outcome::Published | Outcome::Unchanged => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Outcome::Held => {
            eprintln!("syncer: {report}");
            ExitCode::from(HELD)
        }
        Outcome::Failed => {
            eprintln!("syncer: {report}");
            ExitCode::FAILURE
        }
    }
}

fn setup_end(end: Result<(), setup::SetupError>) -> anyhow::Result<ExitCode> {
    Ok(end.map(|()| ExitCode::SUCCESS)?)
}

/// A URL without its user and password.
fn shown(url: &url::Url) -> String {
    let mut url = url.clone();
    // Neither fails for a URL with a host.
    url.set_username("").ok();
    url.set_password(None).ok();
    url.to_string()
}

#[expect(
    clippy::print_stderr,
    reason = "the one line that says why a command ends"
)]
fn stop(code: u8, error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("syncer: {error}");
    ExitCode::from(code)
}
