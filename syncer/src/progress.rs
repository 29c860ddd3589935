//! Progress on a terminal.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use common::repository::CopyProgress;
use ghibli_api::{Collection, Progress};
use indicatif::{HumanBytes, ProgressBar};

/// How often a spinner moves.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// Shows the progress of a fetch until it is dropped. Shows nothing if standard error is no
/// terminal.
#[derive(Debug)]
pub(crate) struct FetchProgress {
    bar: ProgressBar,
    seen: Mutex<BTreeMap<Collection, String>>,
}

impl FetchProgress {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(TICK);
        Self {
            bar,
            seen: Mutex::default(),
        }
    }

    pub(crate) fn show(&self, progress: Progress<'_>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Progress::Requesting { provider } => {
                seen.clear();
                self.bar.set_message(format!("contacting {provider}"));
                return;
            }
            Progress::RequestEnded(_) => return,
            Progress::Failed(failure) => {
                self.bar.println(failure.to_string());
                return;
            }
            Progress::Received { collection, bytes } => {
                seen.insert(collection, HumanBytes(bytes).to_string());
            }
            Progress::Complete {
                collection,
                elements,
            } => {
                let records = match elements {
                    1 => "record",
                    _ => "records",
                };
                seen.insert(collection, format!("{elements} {records}"));
            }
        }
        let parts = seen
            .iter()
            .map(|(collection, seen)| format!("{collection}: {seen}"));
        self.bar.set_message(parts.collect::<Vec<_>>().join("  "));
    }
}

impl Drop for FetchProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows the progress of a backup or a restore until it is dropped. Shows nothing if standard error
/// is no terminal.
#[derive(Debug)]
pub(crate) struct PartsProgress {
    bar: ProgressBar,
    action: &'static str,
}

impl PartsProgress {
    pub(crate) fn new(action: &'static str) -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(TICK);
        Self { bar, action }
    }

    pub(crate) fn show(&self, progress: CopyProgress) {
        let CopyProgress {
            parts,
            total,
            bytes,
        } = progress;
        let bytes = HumanBytes(bytes);
        let action = self.action;
        self.bar
            .set_message(format!("{action}: part {parts} of {total}, {bytes}"));
    }
}

impl Drop for PartsProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
