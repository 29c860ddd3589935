use super::error::PlanError;

/// Estimated memory of the source's data and what is made of it, and its limit, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemoryUse {
    used: u64,
    limit: u64,
}

impl MemoryUse {
    pub(super) const fn new(used: u64, limit: u64) -> Self {
        Self { used, limit }
    }

    pub(super) fn add(&mut self, bytes: u64) -> Result<(), PlanError> {
        self.used += bytes;
        self.check(0)
    }

    pub(super) const fn release(&mut self, bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
    }

    /// Checks that `extra` bytes fit beside what is used.
    pub(super) fn check(&self, extra: u64) -> Result<(), PlanError> {
        let limit = self.limit;
        let fits = self.used.saturating_add(extra) <= limit;
        fits.then_some(()).ok_or(PlanError::TooLarge { limit })
    }
}
