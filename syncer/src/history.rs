//! The commands that look at history and steer what is published.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use common::models::{Change, Counts, Run, changed_fields};
use common::repository::{HeadPatch, LeaseGuard, Repository};

use crate::progress::Bar;
use crate::sync::Syncer;

/// How many runs `syncer history` shows.
const SHOWN_RUNS: u32 = 20;

/// Looking at history and steering what is published.
#[derive(Debug, Subcommand)]
pub enum Command {
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
}

/// Does what the command says.
///
/// # Errors
/// When it cannot be done; the message says why.
pub async fn main(command: Command, syncer: &Syncer) -> anyhow::Result<ExitCode> {
    let repository = syncer.repository();
    match command {
        Command::Plan => plan(syncer).await?,
        Command::History { json } => history(repository, json).await?,
        Command::Approve => approve(repository).await?,
        Command::Rollback { version } => rollback(repository, version).await?,
        Command::Pin { version } => pin(repository, version).await?,
        Command::Unpin => {
            let lease = repository.acquire(waiting).await?;
            let was_pinned = lease.head().pin.is_some();
            amend(
                lease,
                HeadPatch {
                    pin: Some(None),
                    ..HeadPatch::default()
                },
            )
            .await?;
            say(if was_pinned {
                "unpinned: the next sync follows the source again"
            } else {
                "nothing is pinned"
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says that another syncer has the lease.
pub(crate) fn waiting(holder: &str) {
    tracing::info!("waiting for another syncer ({holder}) to finish");
}

async fn plan(syncer: &Syncer) -> anyhow::Result<()> {
    let bar = Bar::new();
    let plan = syncer.plan(&|progress| bar.show(progress)).await?;
    drop(bar);
    let head = syncer.repository().head().await?;
    let (pin, approval) = head.map_or((None, None), |head| (head.pin, head.approval));
    for change in plan.changes.iter() {
        say(&told(&change));
    }
    let Counts {
        added,
        updated,
        removed,
    } = plan.changes.counts();
    say(&format!(
        "a sync would publish: {added} added, {updated} updated, {removed} removed"
    ));
    for damage in &plan.damage {
        say(&format!(
            "! {damage}: the database is damaged; the next sync will repair it before publishing anything else"
        ));
    }
    for missing in &plan.missing {
        say(&format!(
            "? {} {} is missing from the source (check {}); kept for now",
            missing.kind, missing.id, missing.missed_syncs
        ));
    }
    for record in &plan.quarantined {
        let id = record.id.as_deref().unwrap_or("(no ID)");
        say(&format!(
            "! {} {id} would be quarantined: {}",
            record.kind, record.reason
        ));
    }
    if let Some(reason) = plan.reason() {
        let approved = if approval == Some(plan.fingerprint()) {
            "already approved: the next sync will publish"
        } else {
            "once a sync is held, run `syncer approve` to publish"
        };
        say(&format!("this sync would be held: {reason}; {approved} it"));
    }
    if let Some(pin) = pin {
        say(&format!(
            "pinned to version {pin}: nothing will be published until you run `syncer unpin`"
        ));
    }
    Ok(())
}

async fn history(repository: &Repository, json: bool) -> anyhow::Result<()> {
    let head = repository.head().await?;
    let (versions, pin) = head.map(|head| (head.log, head.pin)).unwrap_or_default();
    let runs = repository.runs(SHOWN_RUNS).await?;
    if json {
        say(&serde_json::json!({ "versions": versions, "pin": pin, "runs": runs }).to_string());
        return Ok(());
    }
    say("VERSION  PUBLISHED                 ADDED  UPDATED  REMOVED  NOTE");
    for header in versions.iter().rev() {
        let Counts {
            added,
            updated,
            removed,
        } = header.changes;
        let pinned = (pin == Some(header.version)).then(|| "pinned".to_owned());
        let note: Vec<_> = header.note.clone().into_iter().chain(pinned).collect();
        let note = note.join("; ");
        say(&format!(
            "{:>7}  {:<24}  {added:>5}  {updated:>7}  {removed:>7}  {note}",
            header.version,
            header.at.to_string()
        ));
    }
    say("");
    say("    RUN  COUNT  FINISHED                  DURATION  OUTCOME    VERSION  REASON");
    for run in runs {
        say(&format!(
            "{:>7}  {:>5}  {:<24}  {:>6} ms  {:<9}  {:>7}  {}",
            run.number,
            run.repeat_count,
            format!("{:.3}", run.ended),
            run.phases.total_microseconds() / 1000,
            run.outcome.word(),
            run.version,
            explained(&run)
        ));
    }
    Ok(())
}

/// Why a run ended as it did, what it found damaged, and what else there is to know.
fn explained(run: &Run) -> String {
    let damage = (!run.damage.is_empty()).then(|| format!("damaged: {}", run.damage.join(", ")));
    let said = run.reason.iter().cloned().chain(damage);
    let said: Vec<_> = said.chain(run.notes.iter().cloned()).collect();
    said.join("; ")
}

async fn approve(repository: &Repository) -> anyhow::Result<()> {
    let mut lease = repository.acquire(waiting).await?;
    let held = repository.held_run().await?;
    let Some(run) = held.filter(|run| run.fingerprint.is_some()) else {
        lease.release(None).await?;
        bail!("nothing to approve: no sync is held");
    };
    // A repair that is held is approved while the damage lasts; anything else comes after it.
    if run.damage.is_empty() {
        lease = whole(lease).await?;
    }
    let approval = Some(run.fingerprint);
    amend(
        lease,
        HeadPatch {
            approval,
            ..HeadPatch::default()
        },
    )
    .await?;
    say(&format!(
        "approved: the next sync will publish the changes held by run {}, if the source still has them ({})",
        run.number,
        run.reason.unwrap_or_default()
    ));
    Ok(())
}

/// The lease if the published state can be read wholly; else it ends, and the error names the parts
/// that are lost.
async fn whole(mut lease: LeaseGuard) -> anyhow::Result<LeaseGuard> {
    let is_whole = lease.require_undamaged().await;
    if let Err(error) = is_whole {
        lease.handle().release().await;
        return Err(error.into());
    }
    Ok(lease)
}

async fn rollback(repository: &Repository, version: u64) -> anyhow::Result<()> {
    let lease = repository.acquire(waiting).await?;
    let handle = lease.handle();
    let end = roll_back_in(lease, version).await;
    if end.is_err() {
        handle.release().await;
    }
    end
}

async fn roll_back_in(mut lease: LeaseGuard, version: u64) -> anyhow::Result<()> {
    let state = lease
        .state(None)
        .await?
        .context("nothing has been published yet")?;
    let wanted = lease.rewind(&state, version).await?.with_context(|| {
        format!("version {version} is not available; `syncer history` lists the versions that are")
    })?;
    lease.repair_view(Some(&state)).await?;
    let changes = state.catalogue.changes_to(&wanted.catalogue);
    let note = Some(format!("rollback to version {version}"));
    let next = state.version() + 1;
    match lease
        .publish(Some(&state), &changes, note, Some(next))
        .await?
    {
        Some(published) => {
            // The version is out, whatever else fails.
            if let Err(error) = lease.update_view(&published, &changes).await {
                tracing::warn!(%error, "the readable collections are out of date; the next run will repair them");
            }
            end(lease).await;
            say(&format!(
                "rolled back to version {version}, published as version {next} and pinned; run `syncer unpin` to follow the source again"
            ));
        }
        None => {
            let pin = Some(Some(state.version()));
            amend(
                lease,
                HeadPatch {
                    pin,
                    ..HeadPatch::default()
                },
            )
            .await?;
            say(&format!(
                "version {} already matches version {version}; pinned. Run `syncer unpin` to follow the source again",
                state.version()
            ));
        }
    }
    Ok(())
}

async fn pin(repository: &Repository, version: u64) -> anyhow::Result<()> {
    let mut lease = repository.acquire(waiting).await?;
    let current = lease.head().version;
    if version != current || version == 0 {
        lease.release(None).await?;
        if current == 0 {
            bail!("nothing has been published yet");
        }
        let advice = if (1..current).contains(&version) {
            format!("; to return to version {version}, run `syncer rollback {version}`")
        } else {
            String::new()
        };
        bail!("only the current version, {current}, can be pinned{advice}");
    }
    lease = whole(lease).await?;
    let pin = Some(Some(version));
    amend(
        lease,
        HeadPatch {
            pin,
            ..HeadPatch::default()
        },
    )
    .await?;
    say(&format!(
        "pinned to version {version}; run `syncer unpin` to follow the source again"
    ));
    Ok(())
}

async fn amend(lease: LeaseGuard, amendment: HeadPatch) -> anyhow::Result<()> {
    lease.patch_head(&amendment).await?;
    end(lease).await;
    Ok(())
}

/// Lets the lease go after what was asked for is done.
async fn end(lease: LeaseGuard) {
    if let Err(error) = lease.release(None).await {
        tracing::warn!(%error, "the lease was not released and will expire");
    }
}

fn told(change: &Change) -> String {
    match (&change.before, &change.after) {
        (None, Some(after)) => format!("+ {} {} \"{}\"", change.kind, change.id, after.name()),
        (Some(before), None) => format!("- {} {} \"{}\"", change.kind, change.id, before.name()),
        (Some(before), Some(after)) => {
            let fields = changed_fields(before, after);
            let fields = fields
                .iter()
                .map(|field| format!("\n    {}: {} -> {}", field.field, field.before, field.after));
            let fields: String = fields.collect();
            format!(
                "~ {} {} \"{}\"{fields}",
                change.kind,
                change.id,
                after.name()
            )
        }
        (None, None) => String::new(),
    }
}

#[expect(clippy::print_stdout, reason = "what a command is asked for")]
fn say(line: &str) {
    println!("{line}");
}
