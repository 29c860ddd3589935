//! The command line of the `syncer` binary.

use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use common::clock::Clock;
use common::config::{Config, Database};
use common::repository::{Access, Repository};
use common::{exit, shutdown, telemetry};
use tokio_util::sync::CancellationToken;

use crate::commands;
use crate::pipeline::{SyncPolicy, Syncer};
use crate::{schedule, setup};

/// Mirror the Ghibli API into the database. Without a command, syncs repeatedly until stopped.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Repository(commands::Command),
    /// Set up the Docker Compose database: replica set and users.
    Init {
        /// Folder written by `syncer secrets`.
        #[arg(long, default_value = setup::FOLDER)]
        folder: PathBuf,
    },
    /// Create any missing Docker Compose secrets.
    Secrets {
        /// Folder to write to.
        #[arg(long, default_value = setup::FOLDER)]
        folder: PathBuf,
    },
}

/// Runs the command line.
pub async fn main(cli: Cli) -> ExitCode {
    let mut config = match Config::load() {
        Ok(config) => config,
        Err(error) => return fail(exit::CONFIGURATION, &error),
    };
    if let Err(error) = telemetry::start(&config) {
        return fail(exit::FAILURE, &error);
    }
    let result = match cli.command {
        Some(Command::Secrets { folder }) => setup::secrets(&folder).map_err(Into::into),
        Some(Command::Init { folder }) => setup::init(&folder).await.map_err(Into::into),
        Some(Command::Repository(command)) => return run_command(command, &mut config).await,
        None => match open_syncer(&config).await {
            Ok(syncer) => sync_repeatedly(syncer, &config).await,
            Err(error) => return fail(exit::CONFIGURATION, &format!("{error:#}")),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(exit::FAILURE, &format!("{error:#}")),
    }
}

async fn run_command(command: commands::Command, config: &mut Config) -> ExitCode {
    let _temporary = match command {
        commands::Command::Plan => match replace_missing_file(config) {
            Ok(folder) => folder,
            Err(error) => return fail(exit::FAILURE, &format!("{error:#}")),
        },
        _ => None,
    };
    let shutdown = match on_signal() {
        Ok(shutdown) => shutdown,
        Err(error) => return fail(exit::FAILURE, &format!("{error:#}")),
    };
    let mut syncer = match open_syncer(config).await {
        Ok(syncer) => syncer,
        Err(error) => return fail(exit::CONFIGURATION, &format!("{error:#}")),
    };
    let repository = syncer.repository().clone();
    let code = commands::run(command, &mut syncer, &shutdown).await;
    repository.close().await;
    code.unwrap_or_else(|error| fail(exit::FAILURE, &format!("{error:#}")))
}

fn on_signal() -> anyhow::Result<CancellationToken> {
    shutdown::on_signal().context("cannot install signal handlers")
}

/// Points the configuration at an empty database if its file does not exist, since a plan creates
/// none. The empty database is deleted with the returned folder.
fn replace_missing_file(config: &mut Config) -> anyhow::Result<Option<tempfile::TempDir>> {
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

async fn open_syncer(config: &Config) -> anyhow::Result<Syncer> {
    let repository = Repository::open(&config.database, Access::Writer, Clock::system()).await?;
    syncer(repository, config)
}

/// A syncer over an open repository, as configured.
///
/// # Errors
/// When a setting is wrong.
pub fn syncer(repository: Repository, config: &Config) -> anyhow::Result<Syncer> {
    if let Some(warning) = config.memory_warning() {
        tracing::warn!("{warning}");
    }
    let client = ghibli_api::Client::new(ghibli_api::ClientConfig {
        providers: config.provider_urls.clone(),
        max_bytes: config.provider_max_bytes,
        user_agent: concat!("PyFlix/", env!("CARGO_PKG_VERSION")).to_owned(),
        timeouts: ghibli_api::Timeouts::default(),
    })?;
    let policy = SyncPolicy {
        fuse: config.fuse,
        missed_syncs: config.missed_syncs,
        interval: config.sync_interval,
    };
    let repository = repository.with_retention(config.retention);
    Ok(Syncer::new(repository, client, Clock::system(), policy))
}

async fn sync_repeatedly(syncer: Syncer, config: &Config) -> anyhow::Result<()> {
    let shutdown = on_signal()?;
    let repository = syncer.repository().clone();
    let providers: Vec<_> = config.provider_urls.iter().map(without_user).collect();
    tracing::info!(
        "syncing every {} from {}",
        humantime::format_duration(config.sync_interval),
        providers.join(", ")
    );
    schedule::run(syncer, config.sync_interval, shutdown).await;
    repository.close().await;
    Ok(())
}

/// A URL without its user and password.
fn without_user(url: &url::Url) -> String {
    let mut url = url.clone();
    // Neither fails for a URL with a host.
    url.set_username("").ok();
    url.set_password(None).ok();
    url.to_string()
}

fn fail(code: u8, error: &dyn Display) -> ExitCode {
    exit::fail("syncer", code, error)
}
