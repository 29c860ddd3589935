//! A bar chart of the durations of recent runs.

use common::models::{Outcome, Run};

/// The size of the view box, which CSS stretches.
pub(super) const WIDTH: u64 = 1000;
pub(super) const HEIGHT: u64 = 100;
/// The scale ends at this multiple of the median duration, so that one slow run does not flatten
/// all other bars.
const MAX_MEDIANS: u64 = 4;
const MIN_BAR_HEIGHT: u64 = 2;

pub(super) struct DurationChart {
    /// Oldest first.
    pub(super) bars: Vec<Bar>,
    /// The duration at full height.
    pub(super) scale_microseconds: u64,
    /// Whether a bar exceeds the scale.
    pub(super) is_cut: bool,
}

pub(super) struct Bar {
    pub(super) x: u64,
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) outcome: Outcome,
    /// Whether the duration exceeds the scale.
    pub(super) is_cut: bool,
}

impl DurationChart {
    /// The chart of runs, which come newest first; none for fewer than two.
    pub(super) fn of(runs: &[Run]) -> Option<Self> {
        if runs.len() < 2 {
            return None;
        }
        let mut totals: Vec<_> = runs
            .iter()
            .map(|run| run.phases.total_microseconds())
            .collect();
        totals.sort_unstable();
        let median = totals[totals.len() / 2];
        let longest = totals[totals.len() - 1];
        let scale = longest.min(median.saturating_mul(MAX_MEDIANS)).max(1);
        let slot = WIDTH / runs.len() as u64;
        let bars = runs.iter().rev().zip(0..);
        let bars = bars.map(|(run, index)| Bar::of(run, index * slot, slot * 4 / 5, scale));
        Some(Self {
            bars: bars.collect(),
            scale_microseconds: scale,
            is_cut: longest > scale,
        })
    }
}

impl Bar {
    fn of(run: &Run, x: u64, width: u64, scale: u64) -> Self {
        let duration = run.phases.total_microseconds();
        Self {
            x,
            width,
            height: (duration.min(scale) * HEIGHT / scale).max(MIN_BAR_HEIGHT),
            outcome: run.outcome,
            is_cut: duration > scale,
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
        let chart = DurationChart::of(&[run(10_000_000), run(100), run(100)]).unwrap();
        assert_eq!(chart.scale_microseconds, 400);
        let heights: Vec<_> = chart.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [25, 25, 100]);
        assert!(chart.is_cut && chart.bars[2].is_cut && !chart.bars[0].is_cut);
    }

    #[test]
    fn runs_without_a_duration_have_bars_of_minimal_height() {
        let chart = DurationChart::of(&[run(0), run(0)]).unwrap();
        assert!(chart.bars.iter().all(|bar| bar.height == MIN_BAR_HEIGHT));
        assert!(DurationChart::of(&[run(1)]).is_none());
    }
}
