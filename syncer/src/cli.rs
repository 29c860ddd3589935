//! The command line of the `syncer` binary.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use common::clock::Clock;
use common::config::{Config, Database};
use common::metrics::{self, Metrics};
use common::repository::{Access, AcquireError, BackupError, Repository, StoreError, VerifyError};
use common::{exit, shutdown, telemetry};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::commands;
use crate::metrics::SyncMetrics;
use crate::pipeline::{SyncPolicy, Syncer};
use crate::posters::Posters;
use crate::webhooks::Webhooks;
use crate::{schedule, setup};

/// How long `syncer once` fetches posters after the sync.
const POSTERS_TIMEOUT: Duration = Duration::from_mins(1);

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
    Repository(commands::RepositoryCommand),
    /// Set up the Docker Compose database: replica set and users.
    Init {
        /// Folder written by `syncer secrets`.
        #[arg(long, default_value = setup::FOLDER)]
        folder: PathBuf,
        #[command(flatten)]
        members: Members,
    },
    /// Send a test event to every webhook; exits with 0 if all accepted it, 1 if not, 2
    /// without webhooks.
    NotifyTest,
    /// Create any missing Docker Compose secrets.
    Secrets {
        /// Folder to write to.
        #[arg(long, default_value = setup::FOLDER)]
        folder: PathBuf,
        #[command(flatten)]
        members: Members,
        /// Folder to create for the certificates of the proxy.
        #[arg(long)]
        certificates: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
struct Members {
    /// Host and port of a member of the replica set; repeat it for each member.
    #[arg(long = "member", value_name = "HOST:PORT", default_value = setup::DATABASE_HOST)]
    hosts: Vec<String>,
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
        Some(Command::Secrets {
            folder,
            members,
            certificates,
        }) => create_secrets(&folder, &members.hosts, certificates.as_deref()),
        Some(Command::Init { folder, members }) => {
            let done = setup::init(&folder, &members.hosts).await;
            done.map_err(Into::into)
        }
        Some(Command::NotifyTest) => return notify_test(&config).await,
        Some(Command::Repository(command)) => return run_command(command, &mut config).await,
        None => match Service::open(&config).await {
            Ok(service) => sync_repeatedly(service, &config).await,
            Err(error) => return fail(exit::CONFIGURATION, &format!("{error:#}")),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(exit::FAILURE, &format!("{error:#}")),
    }
}

fn create_secrets(
    folder: &Path,
    members: &[String],
    certificates: Option<&Path>,
) -> anyhow::Result<()> {
    setup::secrets(folder, members)?;
    if let Some(certificates) = certificates {
        setup::certificates(certificates)?;
    }
    Ok(())
}

async fn run_command(command: commands::RepositoryCommand, config: &mut Config) -> ExitCode {
    let _temporary = match command {
        commands::RepositoryCommand::Plan => match replace_missing_file(config) {
            Ok(folder) => folder,
            Err(error) => return fail(exit::FAILURE, &format!("{error:#}")),
        },
        commands::RepositoryCommand::Once | commands::RepositoryCommand::Restore { .. } => None,
        _ => match require_file(config) {
            Ok(()) => None,
            Err(error) => return fail(exit::FAILURE, &error),
        },
    };
    let access = match command {
        commands::RepositoryCommand::Verify => Access::Verifier,
        _ => Access::Writer,
    };
    let shutdown = match on_signal() {
        Ok(shutdown) => shutdown,
        Err(error) => return fail(exit::FAILURE, &format!("{error:#}")),
    };
    let (mut syncer, webhooks, mut posters) = match open_syncer(config, access).await {
        Ok(opened) => opened,
        Err(error) => return fail(exit::CONFIGURATION, &format!("{error:#}")),
    };
    let repository = syncer.repository().clone();
    let (logs_events, syncs) = (command.logs_events(), command.syncs());
    if logs_events {
        webhooks.register_new(&shutdown).await;
    }
    let code = commands::run(command, &mut syncer, &shutdown).await;
    if logs_events {
        webhooks.flush(&shutdown).await;
    }
    if syncs {
        flush_posters(&mut posters, &syncer, &shutdown).await;
    }
    repository.close().await;
    code.unwrap_or_else(|error| fail(exit_code(&error), &format!("{error:#}")))
}

/// Fetches the posters that are due, for a limited time.
async fn flush_posters(posters: &mut Posters, syncer: &Syncer, shutdown: &CancellationToken) {
    tokio::select! {
        () = posters.flush(syncer) => {}
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(POSTERS_TIMEOUT) => {
            tracing::warn!("not all posters are fetched yet; the next syncer will continue");
        }
    }
}

/// The exit code for an error: a database of a newer release counts as a configuration error.
fn exit_code(error: &anyhow::Error) -> u8 {
    let backup = match error.downcast_ref() {
        Some(BackupError::Store(error)) => Some(error),
        Some(BackupError::Acquire(AcquireError::Store(error))) => Some(error),
        _ => None,
    };
    let lease = match error.downcast_ref() {
        Some(AcquireError::Store(error)) => Some(error),
        _ => None,
    };
    let verification = match error.downcast_ref() {
        Some(VerifyError::Store(error)) => Some(error),
        _ => None,
    };
    match backup.or(lease).or(verification).or(error.downcast_ref()) {
        Some(StoreError::NewerFormat { .. }) => exit::CONFIGURATION,
        _ => exit::FAILURE,
    }
}

/// An error if the database file does not exist.
fn require_file(config: &Config) -> anyhow::Result<()> {
    match &config.database {
        Database::Sqlite(path) if !path.exists() => {
            bail!(
                "there is no database at {}; check PYFLIX_DATABASE_URL, or run `syncer once` to create it",
                path.display()
            )
        }
        _ => Ok(()),
    }
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

/// The syncer that runs until it is stopped, with its webhooks and its metrics.
struct Service {
    syncer: Syncer,
    webhooks: Webhooks,
    posters: Posters,
    listener: Option<TcpListener>,
    metrics: Metrics,
}

impl Service {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        let metrics = Metrics::new("syncer", config);
        let repository = open_repository(config, Access::Writer).await?;
        let repository = repository.with_metrics(&metrics);
        let (syncer, webhooks, posters) = syncer(repository, config)?;
        posters.register(&metrics);
        Ok(Self {
            syncer,
            webhooks,
            posters,
            listener: metrics::listen(config).await?,
            metrics,
        })
    }
}

async fn open_syncer(
    config: &Config,
    access: Access,
) -> anyhow::Result<(Syncer, Webhooks, Posters)> {
    syncer(open_repository(config, access).await?, config)
}

async fn open_repository(config: &Config, access: Access) -> anyhow::Result<Repository> {
    Ok(Repository::open(&config.database, access, Clock::system()).await?)
}

async fn notify_test(config: &Config) -> ExitCode {
    if config.webhooks.is_empty() {
        let problem = "PYFLIX_WEBHOOK_URLS: is not set, so there is no webhook to test; \
                       set it to a URL, such as https://hooks.example.org/pyflix";
        return fail(exit::CONFIGURATION, &problem);
    }
    let result = commands::notify_test(&config.webhooks, &Clock::system()).await;
    result.unwrap_or_else(|error| fail(exit::FAILURE, &format!("{error:#}")))
}

/// A syncer over an open repository, its webhooks and its posters, as configured.
///
/// # Errors
/// When a setting is wrong.
pub fn syncer(
    repository: Repository,
    config: &Config,
) -> anyhow::Result<(Syncer, Webhooks, Posters)> {
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
    let webhooks = Webhooks::new(repository.clone(), &config.webhooks, Clock::system())?;
    let posters = Posters::new(repository.clone(), &config.posters, Clock::system())?;
    let syncer = Syncer::new(repository, client, Clock::system(), policy);
    Ok((syncer, webhooks, posters))
}

async fn sync_repeatedly(service: Service, config: &Config) -> anyhow::Result<()> {
    let shutdown = on_signal()?;
    let repository = service.syncer.repository().clone();
    let providers: Vec<_> = config.provider_urls.iter().map(without_user).collect();
    tracing::info!(
        "syncing every {} from {}",
        humantime::format_duration(config.sync_interval),
        providers.join(", ")
    );
    let sync_metrics = SyncMetrics::register(&service.metrics);
    service.webhooks.register_metrics(&service.metrics);
    // The end of the server ends the loop.
    let serving = async {
        let _stops_all = shutdown.clone().drop_guard();
        metrics::serve(service.listener, service.metrics, shutdown.clone()).await
    };
    let interval = config.sync_interval;
    let syncing = async {
        service.webhooks.register_new(&shutdown).await;
        tokio::join!(
            schedule::run(
                service.syncer,
                service.posters,
                interval,
                sync_metrics,
                shutdown.clone()
            ),
            service.webhooks.run(&shutdown)
        );
    };
    let (served, ()) = tokio::join!(serving, syncing);
    repository.close().await;
    served.context("the server of metrics stopped unexpectedly")
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
