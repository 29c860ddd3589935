use std::sync::atomic::{AtomicU64, Ordering};

/// What a record counts as at least: about what an item takes in memory besides its text.
const RECORD_BYTES: usize = 1024;
/// What each value in a record counts as at least.
const VALUE_BYTES: usize = 32;

/// What one fetch may still weigh, so that memory stays bounded whatever the source sends.
pub(crate) struct Budget {
    pub(crate) limit: u64,
    left: AtomicU64,
}

impl Budget {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            left: limit.into(),
        }
    }

    /// Whether so much more can be taken. It can as long as it fits.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let bytes = bytes.try_into().unwrap_or(u64::MAX);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            })
            .is_ok()
    }

    pub(crate) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }
}

/// What a record weighs: many small values take more memory than their text.
pub(crate) fn weight(json: &str) -> usize {
    let values = json.bytes().filter(|byte| *byte == b',').count() + 1;
    json.len().max(RECORD_BYTES).max(values * VALUE_BYTES)
}
