//! The commands that look at history and steer what is published.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use common::models::{Change, Counts, changed_fields};
use common::repository::{Amendment, Repository, Run, Turn};

use crate::progress::Bar;
use crate::sync::Syncer;

/// How many runs `syncer history` shows.
const SHOWN_RUNS: u32 = 20;

/// Looking at history and steering what is published.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what a sync would change, and change nothing.
    Plan,
    /// Show the versions and the last runs.
    History {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let the delta of the last held run through at the next run.
    Approve,
    /// Publish an old version's state again as a new version, and stay on it.
    Rollback {
        /// The version, as `syncer history` shows it.
        version: u64,
    },
    /// Stay on the current version: nothing is published until `unpin`.
    Pin {
        /// The current version, as `syncer history` shows it.
        version: u64,
    },
    /// Follow the source again.
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
            let turn = repository.begin_waiting(waiting).await?;
            amend(
                turn,
                Amendment {
                    pin: Some(None),
                    ..Amendment::default()
                },
            )
            .await?;
            say("unpinned: the next sync publishes what the source has");
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
    let head = syncer.repository().store().head().await?;
    let head = head.map(|reading| reading.head);
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
        "a sync would change: {added} added, {updated} updated, {removed} removed"
    ));
    for damage in &plan.damage {
        say(&format!(
            "! {damage}: the database is damaged, and the next sync repairs it before it publishes anything else"
        ));
    }
    for missing in &plan.missing {
        say(&format!(
            "? {} {} is missing at the source, look {}: it stays for now",
            missing.kind, missing.id, missing.looks
        ));
    }
    for record in &plan.quarantined {
        let id = record.id.as_deref().unwrap_or("without an id");
        say(&format!(
            "! {} {id} would be set aside: {}",
            record.kind, record.reason
        ));
    }
    if let Some(reason) = plan.reason() {
        let approved = if approval == Some(plan.fingerprint()) {
            "it is approved, and the next sync lets through"
        } else {
            "`syncer approve`, once a run is held, would let through"
        };
        say(&format!(
            "the fuse would hold it: {reason}; {approved} this"
        ));
    }
    if let Some(pin) = pin {
        say(&format!(
            "pinned to version {pin}: nothing is published until `syncer unpin`"
        ));
    }
    Ok(())
}

async fn history(repository: &Repository, json: bool) -> anyhow::Result<()> {
    let head = repository.store().head().await?.map(|reading| reading.head);
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
    say("    RUN  TIMES  ENDED                     TOOK      OUTCOME    VERSION  REASON");
    for run in runs {
        say(&format!(
            "{:>7}  {:>5}  {:<24}  {:>6} ms  {:<9}  {:>7}  {}",
            run.number,
            run.times,
            format!("{:.3}", run.ended),
            run.took.total() / 1000,
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
    let mut turn = repository.begin_waiting(waiting).await?;
    let held = repository.held().await?;
    let Some(run) = held.filter(|run| run.fingerprint.is_some()) else {
        turn.end(None).await?;
        bail!("nothing is held");
    };
    // A repair that is held is approved while the damage lasts; anything else comes after it.
    if run.damage.is_empty() {
        turn = whole(turn).await?;
    }
    let approval = Some(run.fingerprint);
    amend(
        turn,
        Amendment {
            approval,
            ..Amendment::default()
        },
    )
    .await?;
    say(&format!(
        "approved: the next sync lets through what run {} held, if the source still has it ({})",
        run.number,
        run.reason.unwrap_or_default()
    ));
    Ok(())
}

/// The turn if the published state can be read wholly; else it ends, and the error names the parts
/// that are lost.
async fn whole(mut turn: Turn) -> anyhow::Result<Turn> {
    let is_whole = turn.require_whole().await;
    if let Err(error) = is_whole {
        turn.lease().let_go().await;
        return Err(error.into());
    }
    Ok(turn)
}

async fn rollback(repository: &Repository, version: u64) -> anyhow::Result<()> {
    let turn = repository.begin_waiting(waiting).await?;
    let lease = turn.lease();
    let end = roll_back_in(turn, version).await;
    if end.is_err() {
        lease.let_go().await;
    }
    end
}

async fn roll_back_in(mut turn: Turn, version: u64) -> anyhow::Result<()> {
    let state = turn
        .state(None)
        .await?
        .context("nothing is published yet")?;
    let wanted = turn.rewind(&state, version).await?.with_context(|| {
        format!("version {version} is not kept; `syncer history` shows those that are")
    })?;
    turn.mend_view(Some(&state)).await?;
    let changes = state.catalogue.changes_to(&wanted.catalogue);
    let note = Some(format!("rollback to version {version}"));
    let next = state.version() + 1;
    match turn
        .publish(Some(&state), &changes, note, Some(next))
        .await?
    {
        Some(published) => {
            // The version is out, whatever else fails.
            if let Err(error) = turn.show(&published, &changes).await {
                tracing::warn!(%error, "the view is behind and will be repaired by the next run");
            }
            end(turn).await;
            say(&format!(
                "published version {next} with the state of version {version}, and pinned to it; `syncer unpin` follows the source again"
            ));
        }
        None => {
            let pin = Some(Some(state.version()));
            amend(
                turn,
                Amendment {
                    pin,
                    ..Amendment::default()
                },
            )
            .await?;
            say(&format!(
                "version {} has the state of version {version} already; pinned to it; `syncer unpin` follows the source again",
                state.version()
            ));
        }
    }
    Ok(())
}

async fn pin(repository: &Repository, version: u64) -> anyhow::Result<()> {
    let mut turn = repository.begin_waiting(waiting).await?;
    let current = turn.head().version;
    if version != current || version == 0 {
        turn.end(None).await?;
        bail!(
            "version {version} is not the current one, which is {current}; to go back to it, use `syncer rollback {version}`"
        );
    }
    turn = whole(turn).await?;
    let pin = Some(Some(version));
    amend(
        turn,
        Amendment {
            pin,
            ..Amendment::default()
        },
    )
    .await?;
    say(&format!(
        "pinned to version {version}; `syncer unpin` follows the source again"
    ));
    Ok(())
}

async fn amend(turn: Turn, amendment: Amendment) -> anyhow::Result<()> {
    turn.amend(&amendment).await?;
    end(turn).await;
    Ok(())
}

/// Lets the lease go after what was asked for is done.
async fn end(turn: Turn) {
    if let Err(error) = turn.end(None).await {
        tracing::warn!(%error, "the lease could not be released and ends by itself");
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
