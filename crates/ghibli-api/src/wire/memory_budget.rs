//! A shared limit on the memory of everything read from one provider.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::ListError;

/// Memory limit for everything read from one provider.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    limit: u64,
    used: AtomicU64,
}

/// A share of a budget, released on drop.
#[derive(Debug)]
pub(super) struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: u64,
}

impl MemoryBudget {
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        let used = AtomicU64::new(0);
        Arc::new(Self { limit, used })
    }
}

impl Reservation {
    /// Reserves nothing yet.
    pub(super) fn new(budget: &Arc<MemoryBudget>) -> Self {
        let budget = Arc::clone(budget);
        Self { budget, bytes: 0 }
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds the bytes even when that exceeds the budget.
    pub(super) fn grow(&mut self, bytes: u64) -> Result<(), ListError> {
        self.bytes += bytes;
        let before = self.budget.used.fetch_add(bytes, Ordering::Relaxed);
        let limit = self.budget.limit;
        match before + bytes <= limit {
            true => Ok(()),
            false => Err(ListError::OverBudget { limit }),
        }
    }

    pub(super) fn shrink(&mut self, bytes: usize) {
        let bytes = self.bytes.min(bytes as u64);
        self.bytes -= bytes;
        self.budget.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
