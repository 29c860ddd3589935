use std::ops::Range;

use string_interner::backend::StringBackend;
use string_interner::{StringInterner, Symbol as _};

/// The ids of a kind, numbered: those that came, in order, and then others. They stand in one text
/// together, which is a third of what they take one by one.
#[derive(Debug)]
pub(super) struct Names {
    ids: StringInterner<StringBackend<Number>>,
    came: u32,
}

type Number = string_interner::symbol::SymbolU32;

impl Default for Names {
    fn default() -> Self {
        Self {
            ids: StringInterner::new(),
            came: 0,
        }
    }
}

impl Names {
    /// The number of an id, which it gets where it has none.
    pub(super) fn give(&mut self, id: &str) -> u32 {
        number(self.ids.get_or_intern(id))
    }

    /// Those that have a number by now are those that came.
    pub(super) fn all_came(&mut self) {
        self.came = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
    }

    /// How many came.
    pub(super) const fn came(&self) -> usize {
        self.came as usize
    }

    pub(super) const fn that_came(&self) -> Range<u32> {
        0..self.came
    }

    pub(super) fn number(&self, id: &str) -> Option<u32> {
        self.ids.get(id).map(number)
    }

    pub(super) fn number_that_came(&self, id: &str) -> Option<u32> {
        self.number(id).filter(|number| *number < self.came)
    }

    /// The id with a number that was given.
    pub(super) fn id(&self, number: u32) -> &str {
        let number = Number::try_from_usize(number as usize);
        number
            .and_then(|number| self.ids.resolve(number))
            .unwrap_or_default()
    }
}

fn number(number: Number) -> u32 {
    u32::try_from(number.to_usize()).unwrap_or(u32::MAX)
}
