//! What the records of a large catalogue say, by field, made beside the serving: a question that
//! comes before goes through the records.

use std::sync::{Arc, Mutex, OnceLock};

use common::models::{Catalogue, Kind};
use ghibli_api::Fields;

use super::records::MANY;
use crate::index::Renumbered;

/// The fields of each kind's records at a version, where they have been made. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct ByField([Arc<OfKind>; 5]);

#[derive(Debug, Default)]
struct OfKind {
    fields: OnceLock<Fields>,
    /// Held by who makes them: several sites may share them.
    making: Mutex<()>,
}

impl ByField {
    /// Those of a kind's records, if they have been made.
    pub(super) fn of(&self, kind: Kind) -> Option<&Fields> {
        let fields = self.0[kind as usize].fields.get();
        fields.filter(|fields| fields.are_known())
    }

    /// Makes those that are not there yet of kinds with many records, each as long as it is wanted.
    pub(crate) fn make(&self, catalogue: &Catalogue, is_wanted: impl Fn(&Self, Kind) -> bool) {
        for kind in Kind::ALL {
            let of_kind = &self.0[kind as usize];
            if catalogue.count(kind) <= MANY || of_kind.fields.get().is_some() {
                continue;
            }
            let Ok(_making) = of_kind.making.try_lock() else {
                continue;
            };
            let mut fields = Fields::default();
            let mut numbers = catalogue.numbers(kind);
            let made = numbers.all(|number| {
                if let Some(record) = catalogue.source(number) {
                    fields.insert(number, &record);
                }
                is_wanted(self, kind)
            });
            if made {
                of_kind.fields.get_or_init(|| fields);
            }
        }
    }

    /// Whether another site has those of a kind from the same making.
    pub(crate) fn shares(&self, other: &Self, kind: Kind) -> bool {
        Arc::ptr_eq(&self.0[kind as usize], &other.0[kind as usize])
    }

    /// Goes forward by a version's changes; what was not made yet is made anew where it changed.
    pub(crate) fn apply(&mut self, changes: &[Renumbered]) {
        for kind in Kind::ALL {
            let is_of_kind = |change: &&Renumbered| change.kind() == Some(kind);
            let mut of_kind = changes.iter().filter(is_of_kind).peekable();
            if of_kind.peek().is_none() {
                continue;
            }
            let before = std::mem::take(&mut self.0[kind as usize]);
            let Some(fields) = before.fields.get() else {
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
                    fields.remove(*number, &before.source.json());
                }
                if let Some(after) = after {
                    fields.insert(*number, &after.source.json());
                }
            }
            self.0[kind as usize] = Arc::new(OfKind {
                fields: OnceLock::from(fields),
                making: Mutex::default(),
            });
        }
    }
}
