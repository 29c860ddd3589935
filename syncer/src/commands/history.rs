use common::models::{Counts, Run};
use common::repository::Repository;

use super::output::print;

/// How many runs the command shows.
const SHOWN_RUNS: u32 = 20;

pub(super) async fn history(repository: &Repository, json: bool) -> anyhow::Result<()> {
    let head = repository.head().await?;
    let (versions, pin) = head.map(|head| (head.log, head.pin)).unwrap_or_default();
    let runs = repository.runs(SHOWN_RUNS).await?;
    if json {
        print(&serde_json::json!({ "versions": versions, "pin": pin, "runs": runs }).to_string());
        return Ok(());
    }
    print("VERSION  PUBLISHED                 ADDED  UPDATED  REMOVED  NOTE");
    for header in versions.iter().rev() {
        let Counts {
            added,
            updated,
            removed,
        } = header.changes;
        let pinned = (pin == Some(header.version)).then(|| "pinned".to_owned());
        let note: Vec<_> = header.note.clone().into_iter().chain(pinned).collect();
        let note = note.join("; ");
        print(&format!(
            "{:>7}  {:<24}  {added:>5}  {updated:>7}  {removed:>7}  {note}",
            header.version,
            header.at.to_string()
        ));
    }
    print("");
    print("    RUN  COUNT  FINISHED                  DURATION  OUTCOME    VERSION  REASON");
    for run in runs {
        print(&format!(
            "{:>7}  {:>5}  {:<24}  {:>6} ms  {:<9}  {:>7}  {}",
            run.number,
            run.repeat_count,
            format!("{:.3}", run.ended),
            run.phases.total_microseconds() / 1000,
            run.outcome.word(),
            run.version,
            details(&run)
        ));
    }
    Ok(())
}

/// The reason, damage and notes of a run.
fn details(run: &Run) -> String {
    let damage = (!run.damage.is_empty()).then(|| format!("damaged: {}", run.damage.join(", ")));
    let details = run.reason.iter().cloned().chain(damage);
    let details: Vec<_> = details.chain(run.notes.iter().cloned()).collect();
    details.join("; ")
}
