//! The progress of a fetch on a terminal.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ghibli_api::{Collection, Progress};
use indicatif::{HumanBytes, ProgressBar};

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
        bar.enable_steady_tick(Duration::from_millis(100));
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
            Progress::Responded(_) => return,
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
                seen.insert(collection, format!("{elements} records"));
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
