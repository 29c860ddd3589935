use std::ops::Range;

use string_interner::backend::StringBackend;
use string_interner::{StringInterner, Symbol as _};

/// The ids of a kind, numbered: those received, in the source's order, then others. One buffer
/// holds them all, which takes a third of the memory of separate strings.
#[derive(Debug)]
pub(crate) struct IdInterner {
    ids: StringInterner<StringBackend<IdSymbol>>,
    received: u32,
}

type IdSymbol = string_interner::symbol::SymbolU32;

impl Default for IdInterner {
    fn default() -> Self {
        Self {
            ids: StringInterner::new(),
            received: 0,
        }
    }
}

impl IdInterner {
    /// The number of an id; a new id gets the next one.
    pub(crate) fn intern(&mut self, id: &str) -> u32 {
        number(self.ids.get_or_intern(id))
    }

    /// Marks all ids interned so far as received.
    pub(super) fn end_received(&mut self) {
        self.received = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
    }

    /// The numbers of the received ids.
    pub(crate) const fn received(&self) -> Range<u32> {
        0..self.received
    }

    pub(crate) fn get(&self, id: &str) -> Option<u32> {
        self.ids.get(id).map(number)
    }

    pub(crate) fn get_received(&self, id: &str) -> Option<u32> {
        self.get(id).filter(|number| *number < self.received)
    }

    /// The id of a number from this interner.
    pub(crate) fn resolve(&self, number: u32) -> &str {
        let number = IdSymbol::try_from_usize(number as usize);
        number
            .and_then(|number| self.ids.resolve(number))
            .unwrap_or_default()
    }
}

fn number(number: IdSymbol) -> u32 {
    u32::try_from(number.to_usize()).unwrap_or(u32::MAX)
}
