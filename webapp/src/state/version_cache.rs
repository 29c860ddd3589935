use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// A few values by version, the one used last first.
#[derive(Debug)]
pub(crate) struct VersionCache<T>(Mutex<VecDeque<Entry<T>>>);

#[derive(Debug)]
struct Entry<T> {
    version: u64,
    slots: u32,
    value: Arc<T>,
}

impl<T> Default for VersionCache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> VersionCache<T> {
    pub(crate) fn get(&self, version: u64) -> Option<Arc<T>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let position = entries.iter().position(|entry| entry.version == version)?;
        let entry = entries.remove(position)?;
        let value = Arc::clone(&entry.value);
        entries.push_front(entry);
        Some(value)
    }

    /// Keeps a value that takes so many slots. Drops others until all together take at most
    /// `max_slots`.
    pub(super) fn insert(&self, version: u64, slots: u32, value: Arc<T>, max_slots: u32) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.version != version);
        let mut left = max_slots.saturating_sub(slots);
        let kept = entries.iter().take_while(|entry| {
            let remaining = left.checked_sub(entry.slots);
            left = remaining.unwrap_or_default();
            remaining.is_some()
        });
        let kept = kept.count();
        let dropped = entries.split_off(kept);
        entries.push_front(Entry {
            version,
            slots,
            value,
        });
        drop(entries);
        // Dropping a site can take long, so it happens without the lock.
        drop(dropped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_used_last_are_kept_within_the_slots() {
        let cache = VersionCache::default();
        for version in 1..=4 {
            cache.insert(version, 1, Arc::new(version), 4);
        }
        assert_eq!(cache.get(1).as_deref(), Some(&1));
        cache.insert(5, 2, Arc::new(5), 4);
        let kept = (1..=5).filter(|version| cache.get(*version).is_some());
        assert_eq!(kept.collect::<Vec<_>>(), [1, 4, 5]);
        cache.insert(6, 9, Arc::new(6), 4);
        let kept = (1..=6).filter(|version| cache.get(*version).is_some());
        assert_eq!(kept.collect::<Vec<_>>(), [6], "one is always kept");
    }
}
