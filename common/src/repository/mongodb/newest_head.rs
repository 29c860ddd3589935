use std::sync::{Mutex, PoisonError};

use crate::repository::Head;

/// The newest head that a reader has seen. A secondary can be behind the primary, and an older head
/// would look like that of a restored backup.
#[derive(Debug, Default)]
pub(super) struct NewestHead(Mutex<Option<Identity>>);

#[derive(Debug)]
struct Identity {
    lineage: String,
    fence: u64,
    version: u64,
}

impl NewestHead {
    /// Takes over the head of the primary.
    pub(super) fn replace(&self, head: Option<&Head>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = head.map(Identity::of);
    }

    /// Takes over the head of any member, unless it is older; returns whether it did.
    pub(super) fn advance(&self, head: &Head) -> bool {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = newest.as_ref().is_none_or(|newest| {
            newest.lineage == head.lineage
                && newest.fence <= head.fence
                && newest.version <= head.version
        });
        if is_current {
            *newest = Some(Identity::of(head));
        }
        is_current
    }
}

impl Identity {
    fn of(head: &Head) -> Self {
        Self {
            lineage: head.lineage.clone(),
            fence: head.fence,
            version: head.version,
        }
    }
}
