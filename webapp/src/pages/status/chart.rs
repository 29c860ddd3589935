//! The last runs as a small chart: a bar for each, as high as it took long.

use common::models::{Outcome, Run};

/// The drawing's own measures; it is stretched to the room that it gets.
pub(super) const WIDTH: u64 = 1000;
pub(super) const HEIGHT: u64 = 100;
/// A bar is cut at so many times the usual length, so that one slow run does not flatten all.
const CUT: u64 = 4;
/// The height of a bar that took no time.
const LEAST: u64 = 2;

pub(super) struct Chart {
    /// Oldest first.
    pub(super) bars: Vec<Bar>,
    /// What the full height stands for, in microseconds.
    pub(super) full: u64,
    /// Whether a bar is cut.
    pub(super) cut: bool,
}

pub(super) struct Bar {
    pub(super) x: u64,
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) outcome: Outcome,
    /// Whether it is longer than it is drawn.
    pub(super) cut: bool,
}

impl Chart {
    /// Draws runs that come newest first; nothing if there are fewer than two.
    pub(super) fn of(runs: &[Run]) -> Option<Self> {
        if runs.len() < 2 {
            return None;
        }
        let mut totals: Vec<_> = runs
            .iter()
            .map(|run| run.phases.total_microseconds())
            .collect();
        totals.sort_unstable();
        let usual = totals[totals.len() / 2];
        let longest = totals[totals.len() - 1];
        let full = longest.min(usual.saturating_mul(CUT)).max(1);
        let slot = WIDTH / runs.len() as u64;
        let bars = runs.iter().rev().zip(0..);
        let bars = bars.map(|(run, place)| Bar::of(run, place * slot, slot * 4 / 5, full));
        Some(Self {
            bars: bars.collect(),
            full,
            cut: longest > full,
        })
    }
}

impl Bar {
    fn of(run: &Run, x: u64, width: u64, full: u64) -> Self {
        let took = run.phases.total_microseconds();
        Self {
            x,
            width,
            height: (took.min(full) * HEIGHT / full).max(LEAST),
            outcome: run.outcome,
            cut: took > full,
        }
    }

    pub(super) fn y(&self) -> u64 {
        HEIGHT - self.height
    }
}

#[cfg(test)]
mod tests {
    use common::models::PhaseTimings;

    use super::*;

    fn run(fetch: u64) -> Run {
        Run {
            number: 1,
            repeat_count: 1,
            started: jiff::Timestamp::UNIX_EPOCH,
            ended: jiff::Timestamp::UNIX_EPOCH,
            phases: PhaseTimings {
                fetch_microseconds: fetch,
                ..PhaseTimings::default()
            },
            outcome: Outcome::Unchanged,
            version: 1,
            kinds: Default::default(),
            bytes: 0,
            provider: None,
            rules: Vec::new(),
            reason: None,
            damage: Vec::new(),
            notes: Vec::new(),
            causes: Vec::new(),
            fingerprint: None,
            findings: 0,
        }
    }

    #[test]
    fn one_slow_run_does_not_flatten_the_others() {
        let chart = Chart::of(&[run(10_000_000), run(100), run(100)]).unwrap();
        assert_eq!(chart.full, 400);
        let heights: Vec<_> = chart.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [25, 25, 100]);
        assert!(chart.cut && chart.bars[2].cut && !chart.bars[0].cut);
    }

    #[test]
    fn runs_without_a_length_are_drawn_flat() {
        let chart = Chart::of(&[run(0), run(0)]).unwrap();
        assert!(chart.bars.iter().all(|bar| bar.height == LEAST));
        assert!(Chart::of(&[run(1)]).is_none());
    }
}
