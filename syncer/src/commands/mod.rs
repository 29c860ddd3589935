//! The commands that sync once, show the history, steer what is published, and back up, restore and
//! verify the database.

mod approve;
mod backup;
mod history;
mod lease;
mod notify_test;
mod once;
mod output;
mod pin;
mod plan;
mod restore;
mod rollback;
mod table;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use common::repository::Replacement;
use tokio_util::sync::CancellationToken;

pub(crate) use self::notify_test::notify_test;

use self::lease::unless_stopped;
use crate::pipeline::Syncer;

/// A command over the configured repository.
#[derive(Debug, Subcommand)]
pub enum RepositoryCommand {
    /// Sync once; exits with 0 if published, unchanged or pinned, 3 if held, 1 if it failed.
    Once,
    /// Show what a sync would change, without changing anything.
    Plan,
    /// Show versions and recent syncs.
    History {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Approve the changes that the last sync held; the next sync publishes them.
    Approve,
    /// Republish an old version as a new one and pin it.
    Rollback {
        /// Version number, as listed by `syncer history`.
        version: u64,
    },
    /// Pin the current version: nothing is published until `unpin`.
    Pin {
        /// Current version number, as listed by `syncer history`.
        version: u64,
    },
    /// Remove the pin and follow the source again.
    Unpin,
    /// Write the whole database to one portable file.
    Backup {
        /// File to write; `-` for standard output.
        file: PathBuf,
    },
    /// Restore a backup into an empty database of either kind.
    Restore {
        /// File to read; `-` for standard input.
        file: PathBuf,
        /// Replace everything in a database that is not empty.
        #[arg(long)]
        replace: bool,
    },
    /// Check every part of the database, changing nothing; exits with 1 if any is damaged.
    Verify,
}

impl RepositoryCommand {
    /// Whether it syncs.
    pub(crate) const fn syncs(&self) -> bool {
        matches!(self, Self::Once)
    }

    /// Whether its output is its result.
    const fn is_report(&self) -> bool {
        matches!(self, Self::Plan | Self::History { .. } | Self::Verify)
    }

    /// Whether it can log events for webhooks.
    pub(crate) const fn logs_events(&self) -> bool {
        matches!(self, Self::Once | Self::Rollback { .. })
    }
}

/// Runs a command. After `shutdown` it waits neither for the lease nor for the source.
///
/// # Errors
/// When it cannot be done; the message says why.
pub async fn run(
    command: RepositoryCommand,
    syncer: &mut Syncer,
    shutdown: &CancellationToken,
) -> anyhow::Result<ExitCode> {
    let repository = syncer.repository();
    let mut code = ExitCode::SUCCESS;
    let is_report = command.is_report();
    match command {
        RepositoryCommand::Once => code = once::once(syncer, shutdown).await?,
        RepositoryCommand::Plan => unless_stopped(shutdown, plan::plan(syncer)).await?,
        RepositoryCommand::History { json } => {
            unless_stopped(shutdown, history::history(repository, json)).await?;
        }
        RepositoryCommand::Approve => approve::approve(repository, shutdown).await?,
        RepositoryCommand::Rollback { version } => {
            rollback::rollback(repository, version, shutdown).await?
        }
        RepositoryCommand::Pin { version } => pin::pin(repository, version, shutdown).await?,
        RepositoryCommand::Unpin => pin::unpin(repository, shutdown).await?,
        RepositoryCommand::Backup { file } => backup::backup(repository, &file, shutdown).await?,
        RepositoryCommand::Restore { file, replace } => {
            let replacement = if replace {
                Replacement::Allowed
            } else {
                Replacement::Refused
            };
            restore::restore(repository, &file, replacement, shutdown).await?;
        }
        RepositoryCommand::Verify => unless_stopped(shutdown, verify::verify(repository)).await?,
    }
    match output::check() {
        // The work is done, and the exit code tells how.
        Err(error) if !is_report => tracing::error!("{error:#}"),
        checked => checked?,
    }
    Ok(code)
}
