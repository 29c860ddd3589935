//! What a publisher does in its lease, as a syncer and its commands do it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::models::{Catalogue, Changes};
use common::repository::{
    HeadPatch, Header, LeaseGuard, LeaseHandle, Origin, Repair, Repository, Result, Snapshot,
    SyncEnd,
};

/// A publisher's task and its inputs.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Sync(Box<Catalogue>),
    RollBack(usize),
    PatchHead(HeadPatch),
}

/// Results of a run so far, read by the machine after each call.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The lease, once there is one and the sweep is over.
    pub(super) begun: Option<(u64, LeaseHandle)>,
    /// States that it got and that are not checked yet: the one at the head first.
    pub(super) state: Option<Snapshot>,
    pub(super) rewound: Option<Snapshot>,
    /// The version that it published, as far as it knows.
    pub(super) published: Option<Snapshot>,
    /// Whether it knows that it published nothing.
    pub(super) nothing: bool,
    /// The change of the head that it knows of.
    pub(super) patched: Option<HeadPatch>,
    /// The version that it goes back to.
    pub(super) goal: Option<Header>,
    /// What the next run of this process may begin from.
    pub(super) known: Option<Snapshot>,
}

/// Notes that the run writes and the machine reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Notebook(Arc<Mutex<Notes>>);

impl Notebook {
    pub(super) fn open(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One run; after an error it is given up at once, and the lease is left as it is.
pub(super) async fn run(
    repository: Repository,
    work: Work,
    known: Option<Snapshot>,
    notes: Notebook,
) -> Result<()> {
    notes.open().known = known.clone();
    let Ok(lease) = repository.try_acquire(None).await? else {
        return Ok(());
    };
    notes.open().begun = Some((lease.head().fence, lease.handle()));
    match work {
        Work::Sync(wanted) => sync(lease, known, &wanted, &notes).await,
        Work::RollBack(back) => roll_back(&repository, lease, known, back, &notes).await,
        Work::PatchHead(patch) => {
            lease.patch_head(&patch).await?;
            notes.open().patched = Some(patch);
            lease.release(None).await
        }
    }
}

async fn sync(
    mut lease: LeaseGuard,
    known: Option<Snapshot>,
    wanted: &Catalogue,
    notes: &Notebook,
) -> Result<()> {
    let state = begin(&mut lease, known, notes).await?;
    let published = state.as_ref().map(|state| state.catalogue.clone());
    let changes = published.unwrap_or_default().changes_to(wanted);
    if let Some(damaged) = state.as_ref().filter(|_| lease.is_damaged()) {
        match lease.plan_repair(damaged, &changes).await? {
            Repair::Restore { state, changes } => {
                let state = restore(&mut lease, &state, Origin::Source, notes).await?;
                if lease.head().pin.is_some() {
                    return lease.release(Some(SyncEnd::Responded)).await;
                }
                return publish(lease, Some(&state), &changes, None, None, notes).await;
            }
            Repair::Replace(lost) if lease.head().pin.is_none() => {
                let replaced = lease.replace(damaged, &changes, &lost).await?;
                return show(lease, replaced, &changes, notes).await;
            }
            Repair::Replace(_) => {}
        }
    }
    if lease.head().pin.is_some() {
        notes.open().nothing = lease.repair_note().is_none();
        return lease.release(Some(SyncEnd::Responded)).await;
    }
    publish(lease, state.as_ref(), &changes, None, None, notes).await
}

async fn restore(
    lease: &mut LeaseGuard,
    whole: &Snapshot,
    origin: Origin,
    notes: &Notebook,
) -> Result<Snapshot> {
    let Some(restored) = lease.restore(whole, origin).await? else {
        return Ok(whole.clone());
    };
    notes.open().known = Some(restored.clone());
    notes.open().published = Some(restored.clone());
    Ok(restored)
}

async fn roll_back(
    repository: &Repository,
    mut lease: LeaseGuard,
    known: Option<Snapshot>,
    back: usize,
    notes: &Notebook,
) -> Result<()> {
    let Some(state) = begin(&mut lease, known, notes).await? else {
        return lease.release(None).await;
    };
    let versions = repository.versions().await?;
    let goal = versions.iter().rev().take(back + 1).next_back();
    let goal = goal.map_or(0, |header| header.version);
    let Some(wanted) = lease.rewind(&state, goal).await? else {
        return lease.release(None).await;
    };
    notes.open().goal = Some(wanted.header.clone());
    notes.open().rewound = Some(wanted.clone());
    let changes = state.catalogue.changes_to(&wanted.catalogue);
    let note = Some(format!("rollback to version {goal}"));
    let pin = Some(state.version() + 1);
    publish(lease, Some(&state), &changes, note, pin, notes).await
}

async fn begin(
    lease: &mut LeaseGuard,
    known: Option<Snapshot>,
    notes: &Notebook,
) -> Result<Option<Snapshot>> {
    let state = lease.state(known.as_ref()).await?;
    notes.open().known.clone_from(&state);
    notes.open().state.clone_from(&state);
    let state = match state {
        Some(whole) if whole.damage.is_empty() => {
            Some(restore(lease, &whole, Origin::Memory, notes).await?)
        }
        state => state,
    };
    lease.repair_view(state.as_ref()).await?;
    Ok(state)
}

async fn publish(
    mut lease: LeaseGuard,
    state: Option<&Snapshot>,
    changes: &Changes,
    note: Option<String>,
    pin: Option<u64>,
    notes: &Notebook,
) -> Result<()> {
    let Some(published) = lease.publish(state, changes, note, pin).await? else {
        notes.open().nothing = lease.repair_note().is_none();
        return lease.release(Some(SyncEnd::Responded)).await;
    };
    show(lease, published, changes, notes).await
}

async fn show(
    mut lease: LeaseGuard,
    published: Snapshot,
    changes: &Changes,
    notes: &Notebook,
) -> Result<()> {
    notes.open().known = Some(published.clone());
    notes.open().published = Some(published.clone());
    // A view left behind is the next run's to repair.
    lease.update_view(&published, changes).await.ok();
    lease.release(Some(SyncEnd::Responded)).await
}
