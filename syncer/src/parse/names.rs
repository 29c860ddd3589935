use std::collections::HashMap;

use common::models::Id;

/// The ids of a kind, numbered: those that came, in order, and then others.
#[derive(Debug, Default)]
pub(super) struct Names {
    ids: Vec<Id>,
    numbers: HashMap<Id, u32>,
    came: u32,
}

impl Names {
    /// The number of an id, which it gets where it has none.
    pub(super) fn give(&mut self, id: &str) -> u32 {
        if let Some(number) = self.number(id) {
            return number;
        }
        let number = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        let id = Id::from(id);
        self.ids.push(id.clone());
        self.numbers.insert(id, number);
        number
    }

    /// Those that have a number by now are those that came.
    pub(super) fn all_came(&mut self) {
        self.came = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
    }

    /// How many came.
    pub(super) const fn came(&self) -> usize {
        self.came as usize
    }

    pub(super) const fn that_came(&self) -> std::ops::Range<u32> {
        0..self.came
    }

    pub(super) fn number(&self, id: &str) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    pub(super) fn number_that_came(&self, id: &str) -> Option<u32> {
        self.number(id).filter(|number| *number < self.came)
    }

    /// The id with a number that was given.
    pub(super) fn id(&self, number: u32) -> &Id {
        &self.ids[number as usize]
    }
}
