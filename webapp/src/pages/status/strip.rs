//! A strip of the last 24 hours, by the outcomes of syncs.

use common::models::{Outcome, Run, overdue_after};
use jiff::{SignedDuration, Timestamp};

use crate::pages::layout::TimeTag;
use crate::state::RECENT_PERIOD;
use crate::wording::hours_and_minutes;

/// Number of cells.
pub(super) const CELLS: usize = 96;
const CELL_MINUTES: u16 = 15;
const CELL: SignedDuration = SignedDuration::from_mins(CELL_MINUTES as i64);

/// Height of the strip, in the units of its drawing; a cell is 1 wide.
pub(super) const HEIGHT: u8 = 10;

pub(super) struct Strip {
    /// Consecutive cells of the same outcome, oldest first.
    pub(super) segments: Vec<StripSegment>,
    /// The styles of all outcomes.
    pub(super) key: [CellStyle; 5],
    /// Such as “Last 24 hours: failed for 45 min, no sync for 2 h.”
    pub(super) summary: String,
}

/// A part of the strip, in cells.
pub(super) struct StripSegment {
    pub(super) start: usize,
    pub(super) length: usize,
    /// The style of its outcome, which is the worst one in each of its cells.
    pub(super) style: CellStyle,
    pub(super) from: TimeTag,
    pub(super) to: TimeTag,
}

/// How an outcome is drawn: each differs in height or pattern, not only in colour.
#[derive(Clone, Copy)]
pub(super) struct CellStyle {
    pub(super) class: &'static str,
    pub(super) label: &'static str,
    /// Its upper edge.
    pub(super) top: u8,
    pub(super) pattern: Option<&'static str>,
}

impl CellStyle {
    /// The style of an outcome; none if no sync took place.
    const fn of(outcome: Option<Outcome>) -> Self {
        let (top, pattern) = match outcome {
            Some(Outcome::Unchanged) => (5, None),
            Some(Outcome::Published) => (2, None),
            Some(Outcome::Held) => (0, Some("held-stripes")),
            Some(Outcome::Failed) => (0, Some("failed-stripes")),
            None => (9, None),
        };
        let (class, label) = match outcome {
            Some(outcome) => (outcome.word(), outcome.word()),
            None => ("none", "no sync"),
        };
        Self {
            class,
            label,
            top,
            pattern,
        }
    }
}

impl Strip {
    /// The strip that ends now. A run counts until the next one begins or is overdue.
    ///
    /// `runs` are newest first.
    pub(super) fn of(runs: &[Run], now: Timestamp) -> Self {
        let start = now - RECENT_PERIOD;
        let mut cells = [None; CELLS];
        let mut next_start = now;
        for run in runs {
            let settings = run
                .settings
                .map(|settings| overdue_after(settings.interval()));
            let lasting = settings.unwrap_or_default();
            let overdue = run.ended.checked_add(lasting).unwrap_or(next_start);
            let end = overdue.min(next_start).max(run.ended);
            if end < start {
                break;
            }
            let (first, last) = (cell(run.started, start), cell(end, start));
            for outcome in cells.iter_mut().take(last + 1).skip(first) {
                *outcome = worse(*outcome, Some(run.outcome));
            }
            next_start = run.started;
        }
        Self {
            segments: segments(&cells, start),
            key: [
                Some(Outcome::Unchanged),
                Some(Outcome::Published),
                Some(Outcome::Held),
                Some(Outcome::Failed),
                None,
            ]
            .map(CellStyle::of),
            summary: summary(&cells),
        }
    }
}

/// The cell of a time; the nearest one if it is outside of the strip.
fn cell(time: Timestamp, start: Timestamp) -> usize {
    let seconds = time.duration_since(start).as_secs() / CELL.as_secs();
    usize::try_from(seconds).unwrap_or(0).min(CELLS - 1)
}

fn worse(one: Option<Outcome>, other: Option<Outcome>) -> Option<Outcome> {
    let severity = |outcome: &Option<Outcome>| match outcome {
        None => 0,
        Some(Outcome::Unchanged) => 1,
        Some(Outcome::Published) => 2,
        Some(Outcome::Held) => 3,
        Some(Outcome::Failed) => 4,
    };
    [one, other].into_iter().max_by_key(severity).flatten()
}

fn segments(cells: &[Option<Outcome>; CELLS], start: Timestamp) -> Vec<StripSegment> {
    let time = |cell: usize| {
        let cells = i32::try_from(cell).unwrap_or_default();
        TimeTag(start + CELL * cells)
    };
    let mut at = 0;
    let alike = cells.chunk_by(|one, other| one == other);
    alike
        .map(|cells| {
            let segment = StripSegment {
                start: at,
                length: cells.len(),
                style: CellStyle::of(cells[0]),
                from: time(at),
                to: time(at + cells.len()),
            };
            at += cells.len();
            segment
        })
        .collect()
}

/// How long syncs failed, were held or did not take place.
fn summary(cells: &[Option<Outcome>; CELLS]) -> String {
    let parts = [
        (Some(Outcome::Failed), "failed"),
        (Some(Outcome::Held), "held"),
        (None, "no sync"),
    ];
    let parts = parts.map(|(outcome, words)| {
        let count = cells.iter().filter(|cell| **cell == outcome).count();
        let minutes = u16::try_from(count).unwrap_or(u16::MAX);
        let minutes = minutes.saturating_mul(CELL_MINUTES);
        (count > 0).then(|| format!("{words} for {}", hours_and_minutes(minutes)))
    });
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => "Last 24 hours: no problems.".into(),
        false => format!("Last 24 hours: {}.", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use common::models::RunSettings;

    use super::*;
    use crate::fixture;

    /// A run with an interval of 15 s, from and to minutes before now.
    fn run(outcome: Outcome, from: i64, to: i64) -> Run {
        let mut run = fixture::run(1, outcome);
        run.started = now() - SignedDuration::from_mins(from);
        run.ended = now() - SignedDuration::from_mins(to);
        run.settings = Some(RunSettings {
            interval_milliseconds: 15_000,
            retention: 256,
            unreadable_percent: 20,
        });
        run
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_000_000_000).unwrap()
    }

    fn strip(runs: &[Run]) -> (Vec<(usize, &'static str)>, String) {
        let strip = Strip::of(runs, now());
        let segments = strip.segments.iter();
        let segments = segments.map(|segment| (segment.length, segment.style.class));
        (segments.collect(), strip.summary)
    }

    #[test]
    fn a_strip_shows_outcomes_and_the_times_without_a_sync() {
        let runs = [
            run(Outcome::Unchanged, 118, 0),
            run(Outcome::Failed, 149, 122),
            run(Outcome::Unchanged, 5 * 60, 4 * 60 + 2),
        ];
        let (segments, summary) = strip(&runs);
        assert_eq!(
            segments,
            [
                (76, "none"),
                (4, "unchanged"),
                (6, "none"),
                (2, "failed"),
                (8, "unchanged")
            ]
        );
        assert_eq!(
            summary,
            "Last 24 hours: failed for 30 min, no sync for 20 h 30 min."
        );
    }

    #[test]
    fn a_cell_has_the_worst_of_its_outcomes() {
        let runs = [
            run(Outcome::Published, 1, 1),
            run(Outcome::Held, 2, 2),
            run(Outcome::Unchanged, 48 * 60, 3),
        ];
        let (segments, summary) = strip(&runs);
        assert_eq!(segments, [(95, "unchanged"), (1, "held")]);
        assert_eq!(summary, "Last 24 hours: held for 15 min.");
    }

    #[test]
    fn rare_syncs_leave_no_gaps_until_one_is_overdue() {
        let hourly = (0..30).map(|hour| {
            let mut run = run(Outcome::Published, hour * 60 + 1, hour * 60);
            run.settings = run.settings.map(|settings| RunSettings {
                interval_milliseconds: 3_600_000,
                ..settings
            });
            run
        });
        let (segments, summary) = strip(&hourly.collect::<Vec<_>>());
        assert_eq!(segments, [(96, "published")]);
        assert_eq!(summary, "Last 24 hours: no problems.");
    }

    #[test]
    fn runs_of_a_clock_that_was_ahead_stay_within_the_strip() {
        let (segments, _) = strip(&[run(Outcome::Failed, -90, -100)]);
        assert_eq!(segments, [(95, "none"), (1, "failed")]);
        assert_eq!(strip(&[]).0, [(96, "none")]);
    }
}
