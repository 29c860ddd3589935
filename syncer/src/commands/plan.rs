use common::models::{Change, Counts, changed_fields};

use super::output::print;
use crate::pipeline::Syncer;
use crate::progress::FetchProgress;

pub(super) async fn plan(syncer: &Syncer) -> anyhow::Result<()> {
    let progress = FetchProgress::new();
    let plan = syncer.plan(&|step| progress.show(step)).await?;
    drop(progress);
    let head = syncer.repository().head().await?;
    let (pin, approval) = head.map_or((None, None), |head| (head.pin, head.approval));
    for change in plan.changes.iter() {
        print(&in_words(&change));
    }
    let Counts {
        added,
        updated,
        removed,
    } = plan.changes.counts();
    print(&format!(
        "a sync would publish: {added} added, {updated} updated, {removed} removed"
    ));
    for damage in &plan.damage {
        print(&format!(
            "! {damage}: the database is damaged; the next sync will repair it before publishing anything else"
        ));
    }
    for missing in &plan.missing {
        print(&format!(
            "? {} {} is missing from the source (check {}); kept for now",
            missing.kind, missing.id, missing.missed_syncs
        ));
    }
    for record in &plan.quarantined {
        let id = record.id.as_deref().unwrap_or("(no ID)");
        print(&format!(
            "! {} {id} would be quarantined: {}",
            record.kind, record.reason
        ));
    }
    if let Some(reason) = plan.verdict.reason() {
        let approved = if approval == Some(plan.fingerprint()) {
            "already approved: the next sync will publish"
        } else {
            "once a sync is held, run `syncer approve` to publish"
        };
        print(&format!("this sync would be held: {reason}; {approved} it"));
    }
    if let Some(pin) = pin {
        print(&format!(
            "pinned to version {pin}: nothing will be published until you run `syncer unpin`"
        ));
    }
    Ok(())
}

fn in_words(change: &Change) -> String {
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
