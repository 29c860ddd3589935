use anstyle::Style;
use common::models::{Outcome, Run};
use common::repository::{Header, Repository};
use jiff::Timestamp;

use super::output::{print, print_styled};
use super::table::{BOLD, Cell, Column, DIM, GREEN, PLAIN, RED, YELLOW, lines};

/// Maximum number of runs that the command shows.
const SHOWN_RUNS: u32 = 20;

pub(super) async fn history(repository: &Repository, json: bool) -> anyhow::Result<()> {
    let head = repository.head().await?;
    let (versions, pin) = head.map(|head| (head.log, head.pin)).unwrap_or_default();
    let runs = repository.runs(SHOWN_RUNS).await?;
    if json {
        print(&serde_json::json!({ "versions": versions, "pin": pin, "runs": runs }).to_string());
        return Ok(());
    }
    let columns = [
        Column::Right("VERSION"),
        Column::Left("PUBLISHED (UTC)"),
        Column::Right("ADDED"),
        Column::Right("UPDATED"),
        Column::Right("REMOVED"),
        Column::Left("NOTE"),
    ];
    let rows = versions.iter().rev().map(|header| version(header, pin));
    lines(columns, rows.collect())
        .iter()
        .for_each(|line| print_styled(line));
    print("");
    let columns = [
        Column::Right("RUN"),
        Column::Right("COUNT"),
        Column::Left("FINISHED (UTC)"),
        Column::Right("DURATION"),
        Column::Left("OUTCOME"),
        Column::Right("VERSION"),
        Column::Left("REASON"),
    ];
    let rows = runs.iter().map(run);
    lines(columns, rows.collect())
        .iter()
        .for_each(|line| print_styled(line));
    Ok(())
}

fn version(header: &Header, pin: Option<u64>) -> [Cell; 6] {
    let is_pinned = pin == Some(header.version);
    let pinned = is_pinned.then(|| "pinned".to_owned());
    let note: Vec<_> = pinned.into_iter().chain(header.note.clone()).collect();
    [
        Cell::new(header.version, BOLD),
        Cell::new(to_the_second(header.at), PLAIN),
        count(header.changes.added, GREEN),
        count(header.changes.updated, YELLOW),
        count(header.changes.removed, RED),
        Cell::new(note.join("; "), if is_pinned { YELLOW } else { PLAIN }),
    ]
}

fn run(run: &Run) -> [Cell; 7] {
    let style = match run.outcome {
        Outcome::Unchanged => DIM,
        Outcome::Published => GREEN,
        Outcome::Held => YELLOW,
        Outcome::Failed => RED,
    };
    let milliseconds = run.phases.total_microseconds() / 1000;
    [
        Cell::new(run.number, BOLD),
        Cell::new(
            format!("×{}", run.repeat_count),
            if run.repeat_count > 1 { PLAIN } else { DIM },
        ),
        Cell::new(to_the_second(run.ended), PLAIN),
        Cell::new(format!("{milliseconds} ms"), PLAIN),
        Cell::new(run.outcome.word(), style),
        Cell::new(run.version, PLAIN),
        Cell::new(details(run), style),
    ]
}

fn count(items: u64, style: Style) -> Cell {
    Cell::new(items, if items > 0 { style } else { DIM })
}

fn to_the_second(time: Timestamp) -> impl ToString {
    time.strftime("%F %T")
}

/// The reason, damage and notes of a run.
fn details(run: &Run) -> String {
    let damage = (!run.damage.is_empty()).then(|| format!("damaged: {}", run.damage.join(", ")));
    let details = run.reason.iter().cloned().chain(damage);
    let details: Vec<_> = details.chain(run.notes.iter().cloned()).collect();
    details.join("; ")
}
