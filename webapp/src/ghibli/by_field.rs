//! What the records of a large catalogue say, by field, made beside the serving: a question that
//! comes before goes through the records.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use common::models::{Catalogue, Kind};
use ghibli_api::Fields;

use crate::index::Renumbered;

/// A kind with at most so many records is quickly gone through.
pub(super) const MANY: usize = 1_000;

/// The fields of each kind's records at a version, where they have been made. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct ByField {
    kinds: [Arc<OnceLock<Fields>>; 5],
    /// Held by who makes them, at whichever version.
    making: Arc<Mutex<()>>,
}

impl ByField {
    /// Those of a kind's records, if they are known.
    pub(super) fn of(&self, kind: Kind) -> Option<&Fields> {
        let fields = self.kinds[kind as usize].get();
        fields.filter(|fields| fields.are_known())
    }

    /// Makes those that are not there yet of kinds with many records, each as long as it is wanted.
    pub(crate) fn make(&self, catalogue: &Catalogue, is_wanted: impl Fn(&Self, Kind) -> bool) {
        let is_made =
            |kind: Kind| catalogue.count(kind) <= MANY || self.kinds[kind as usize].get().is_some();
        if Kind::ALL.into_iter().all(is_made) {
            return;
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in Kind::ALL {
            if is_made(kind) {
                continue;
            }
            let mut fields = Fields::default();
            let mut numbers = catalogue.numbers(kind);
            let made = numbers.all(|number| {
                if let Some(record) = catalogue.source_text(number) {
                    fields.insert(number, &record);
                }
                is_wanted(self, kind)
            });
            if made {
                self.kinds[kind as usize].get_or_init(|| fields);
            }
        }
    }

    /// Whether another site has those of a kind from the same making.
    pub(crate) fn shares(&self, other: &Self, kind: Kind) -> bool {
        Arc::ptr_eq(&self.kinds[kind as usize], &other.kinds[kind as usize])
    }

    /// Goes forward by a version's changes; what was not made yet is made anew where it changed.
    pub(crate) fn apply(&mut self, changes: &[Renumbered]) {
        for kind in Kind::ALL {
            let is_of_kind = |change: &&Renumbered| change.kind() == Some(kind);
            let mut of_kind = changes.iter().filter(is_of_kind).peekable();
            if of_kind.peek().is_none() {
                continue;
            }
            let before = std::mem::take(&mut self.kinds[kind as usize]);
            let Some(fields) = before.get() else {
                continue;
            };
            let mut fields = fields.clone();
            for Renumbered {
                number,
                before,
                after,
            } in of_kind
            {
                if let Some(before) = before {
                    fields.remove(*number, &before.source.text());
                }
                if let Some(after) = after {
                    fields.insert(*number, &after.source.text());
                }
            }
            self.kinds[kind as usize] = Arc::new(OnceLock::from(fields));
        }
    }
}
