use std::ops::{Deref, Range};

use roaring::RoaringBitmap;

use super::field_index::FieldIndex;
use super::title_index::TitleIndex;
use crate::wire::Collection;

/// The stored records of a collection, by number, with optional indexes.
pub trait RecordCollection {
    /// The collection.
    fn collection(&self) -> Collection;

    /// Number of records.
    fn count(&self) -> usize;

    /// All record numbers in the source's order.
    fn numbers(&self) -> impl Iterator<Item = u32>;

    /// Sorts some numbers in the source's order, or in reverse, and returns a range of them.
    fn sorted_range(
        &self,
        numbers: &RoaringBitmap,
        is_reversed: bool,
        range: Range<usize>,
    ) -> Vec<u32>;

    /// A record in its stored form.
    fn stored(&self, number: u32) -> impl Deref<Target = str>;

    /// The index by field and value, if it is built.
    fn field_index(&self) -> Option<&FieldIndex>;

    /// The record with an id.
    fn find_by_id(&self, id: &str) -> Option<u32>;

    /// The exact title or name in a record, if it is in memory and does not depend on the base URL.
    fn title(&self, number: u32) -> Option<&str>;

    /// The index of titles or names, if it is built.
    fn title_index(&self) -> Option<&TitleIndex>;

    /// A superset of the records with a title or name; `None` if unknown.
    fn find_by_title(&self, title: &str) -> Option<RoaringBitmap>;

    /// Called before each record that a query reads: whether to stop.
    fn is_cancelled(&self) -> bool;
}

/// The result of a query.
#[derive(Debug)]
pub struct Selection {
    /// Record numbers in output order.
    pub records: Vec<u32>,
    /// Number of matches in all (`X-Total-Count`), if a part of the list was requested.
    pub total: Option<usize>,
}
