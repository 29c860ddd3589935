//! What the records of a large catalogue say, by field, made beside the serving: a question that
//! comes before goes through the records.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

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
        self.0[kind as usize].fields.get()
    }

    /// Makes those that are not there yet of kinds with many records, as long as they are wanted.
    pub(crate) fn make(&self, catalogue: &Catalogue, is_wanted: impl Fn() -> bool) {
        for kind in Kind::ALL {
            let of_kind = &self.0[kind as usize];
            let _making = of_kind
                .making
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if catalogue.count(kind) <= MANY || of_kind.fields.get().is_some() {
                continue;
            }
            let mut fields = Fields::default();
            for number in catalogue.numbers(kind) {
                if !is_wanted() {
                    return;
                }
                if let Some(record) = catalogue.source(number) {
                    fields.insert(number, &record);
                }
            }
            of_kind.fields.get_or_init(|| fields);
        }
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
