//! The digest of a version's items, to verify a state that was loaded, rewound or repaired.

use serde::{Deserialize, Serialize};

use crate::models::{Catalogue, Changes};

/// A digest of a version's items. It does not depend on their ranks, which a repair may renumber.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentDigest {
    /// Number of items.
    pub items: u64,
    /// Sum of the items' digests, in hexadecimal.
    pub digest: String,
}

impl ContentDigest {
    /// Computes the digest in about a microsecond per item.
    pub fn of(catalogue: &Catalogue) -> Self {
        Self::new(catalogue, catalogue.digest())
    }

    /// The digest after changes that lead to this catalogue, computed from the changes alone.
    pub(super) fn after(before: Option<&Self>, changes: &Changes, catalogue: &Catalogue) -> Self {
        let before = before.and_then(|before| u128::from_str_radix(&before.digest, 16).ok());
        match before {
            Some(before) => Self::new(catalogue, before.wrapping_add(changes.digest())),
            None => Self::of(catalogue),
        }
    }

    /// The digest before changes that led to this one. The first version of a store has none.
    pub(super) fn before(&self, changes: &Changes) -> Self {
        let counts = changes.counts();
        let digest = u128::from_str_radix(&self.digest, 16).unwrap_or_default();
        Self {
            items: (self.items + counts.removed).saturating_sub(counts.added),
            digest: format!("{:032x}", digest.wrapping_sub(changes.digest())),
        }
    }

    fn new(catalogue: &Catalogue, digest: u128) -> Self {
        Self {
            items: catalogue.len() as u64,
            digest: format!("{digest:032x}"),
        }
    }
}
