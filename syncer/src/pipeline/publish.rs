//! Publishing a plan: on the state at the head, or as the repair of a damaged one.

use common::config::FuseLimits;
use common::models::{Changes, HeldChange, Kind, Outcome, Run};
use common::repository::{
    HeadPatch, LeaseGuard, LostItems, Origin, Repair, Result as StoreResult, Snapshot,
    warn_view_is_behind,
};

use super::plan::Plan;
use super::run_record::add_failed_write;

/// Repairs a damaged state as far as the source allows, and returns what to publish the plan on.
///
/// If the source completes the damaged version, that version is republished and the plan keeps
/// only the later changes. Otherwise the plan replaces the version, and the fuse also judges the
/// items that would be lost.
pub(super) async fn repair(
    lease: &mut LeaseGuard,
    state: Option<Snapshot>,
    plan: &mut Plan,
    limits: &FuseLimits,
) -> StoreResult<PublishedOn> {
    let Some(damaged) = state.as_ref().filter(|_| lease.is_damaged()) else {
        return Ok(PublishedOn::State(state));
    };
    match lease.plan_repair(damaged, &plan.changes).await? {
        Repair::Restore { state, changes } => {
            let restored = lease.restore(&state, Origin::Source).await?;
            if let Some(restored) = &restored
                && let Err(error) = lease.update_view(restored, &Changes::default()).await
            {
                warn_view_is_behind(&error);
            }
            plan.changes = changes;
            Ok(PublishedOn::State(restored))
        }
        Repair::Replace(lost) => {
            plan.judge_repair(limits, &lost);
            let state = damaged.clone();
            Ok(PublishedOn::Damaged { state, lost })
        }
    }
}

/// Publishes a plan or holds it, writes the outcome into the run's row, and returns the published
/// state.
pub(super) async fn publish_or_hold(
    lease: &mut LeaseGuard,
    base: PublishedOn,
    mut plan: Plan,
    run: &mut Run,
) -> StoreResult<Option<Snapshot>> {
    let mut held = plan.verdict.reason();
    if held.is_some() {
        let fingerprint = base.fingerprint(&plan);
        if lease.head().approval.as_ref() == Some(&fingerprint) {
            held = None;
            if !plan.approval_keeps_missing() {
                plan.missing.clear();
            }
        } else {
            run.fingerprint = Some(fingerprint);
        }
    }
    let pin = lease.head().pin;
    if let Some(pin) = pin {
        run.outcome = Outcome::Unchanged;
        run.fingerprint = None;
        let hold = match &held {
            Some(reason) => format!("; would be held: {reason}"),
            None => String::new(),
        };
        let damage = base.pinned_damage();
        run.reason = Some(format!("pinned to version {pin}{damage}{hold}"));
    } else if held.is_some() {
        run.outcome = Outcome::Held;
        run.reason.clone_from(&held);
        run.held_changes = HeldChange::list(&plan.changes);
    }
    if held.is_some() {
        return Ok(None);
    }
    let has_broken_links = plan.has_broken_links();
    lease
        .save_findings(&std::mem::take(&mut plan.findings))
        .await?;
    lease
        .save_quarantine(&std::mem::take(&mut plan.quarantined))
        .await?;
    if pin.is_some() {
        return Ok(None);
    }
    run.outcome = Outcome::Unchanged;
    let published = match &base {
        PublishedOn::State(state) => {
            let state = state.as_ref();
            lease.publish(state, &plan.changes, None, None).await?
        }
        PublishedOn::Damaged { state, lost } => {
            Some(lease.replace(state, &plan.changes, lost).await?)
        }
    };
    let Some(published) = published else {
        lease.save_missing(&plan.missing).await?;
        forget_approval(lease).await?;
        return Ok(None);
    };
    // The version is published, whatever else fails.
    run.outcome = Outcome::Published;
    let is_first = matches!(base, PublishedOn::State(None));
    if is_first && has_broken_links && !has_relations(&published) {
        tracing::warn!("{NO_RELATIONS}");
        run.notes.push(NO_RELATIONS.to_owned());
    }
    if let Err(error) = lease.save_missing(&plan.missing).await {
        add_failed_write(run, "the missing items", &error);
    }
    if let Err(error) = lease.update_view(&published, &plan.changes).await {
        warn_view_is_behind(&error);
    }
    Ok(Some(published))
}

const NO_RELATIONS: &str = "none of the links in the records leads to an item, so the catalogue \
     has no relations; check that links end in the `id` of a record (/status lists them)";

fn has_relations(published: &Snapshot) -> bool {
    let catalogue = &published.catalogue;
    let mut numbers = Kind::ALL
        .into_iter()
        .flat_map(|kind| catalogue.numbers(kind));
    numbers.any(|number| !catalogue.links(number).is_empty())
}

/// The state that a plan is published on.
pub(super) enum PublishedOn {
    /// The state at the head; `None` while there is none.
    State(Option<Snapshot>),
    /// The readable rest of a damaged state, which the plan replaces.
    Damaged { state: Snapshot, lost: LostItems },
}

impl PublishedOn {
    /// Identifies a held plan. The approval of a delta does not approve the losses of a repair.
    fn fingerprint(&self, plan: &Plan) -> String {
        let fingerprint = plan.fingerprint();
        match self {
            Self::State(_) => fingerprint,
            Self::Damaged { .. } => format!("repair-{fingerprint}"),
        }
    }

    /// Why a pinned version is not repaired, to follow "pinned to version N".
    fn pinned_damage(&self) -> String {
        match self {
            Self::State(_) => String::new(),
            Self::Damaged { lost, .. } => format!(
                ", parts of which are lost or damaged ({lost}); run `syncer unpin`, then `syncer once` to repair it"
            ),
        }
    }
}

/// Removes an approval that was used or no longer matches a held run. A commit removes it too.
pub(super) async fn forget_approval(lease: &LeaseGuard) -> StoreResult<()> {
    if lease.head().approval.is_none() {
        return Ok(());
    }
    let patch = HeadPatch::Approval(None);
    lease.patch_head(&patch).await
}
