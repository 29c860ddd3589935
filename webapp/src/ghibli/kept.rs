//! The records as they are looked through: no more of them than may be, and none for nobody.

use std::cell::Cell;
use std::ops::{Deref, Range};

use catalogue_index::{Filter, Sort};
use common::models::{Kind, Number};
use ghibli_api::{Collected, Collection, Fields, Names};
use roaring::RoaringBitmap;
use tokio_util::sync::CancellationToken;

use crate::state::Site;

/// The records of a kind as the app has them.
pub(super) struct Kept<'a> {
    pub(super) collection: Collection,
    pub(super) kind: Kind,
    pub(super) site: &'a Site,
    pub(super) unwanted: &'a CancellationToken,
    /// How many looks at a record are still allowed; none once they were not enough.
    pub(super) looks_left: Cell<Option<usize>>,
}

impl Collected for Kept<'_> {
    fn collection(&self) -> Collection {
        self.collection
    }

    fn count(&self) -> usize {
        self.site.indexes.lists.source_order(self.kind).len()
    }

    fn numbers(&self) -> impl Iterator<Item = Number> {
        self.site
            .indexes
            .lists
            .source_order(self.kind)
            .iter()
            .copied()
    }

    fn stretch(&self, of: &RoaringBitmap, reversed: bool, places: Range<usize>) -> Vec<Number> {
        let order = (Sort::Source, reversed);
        let stretch = (places.start, places.len());
        self.site
            .indexes
            .lists
            .page_numbers(self.kind, of, order, stretch)
    }

    fn stored(&self, number: Number) -> impl Deref<Target = str> {
        let catalogue = &self.site.snapshot.catalogue;
        catalogue.source_text(number).unwrap_or_default()
    }

    fn fields(&self) -> Option<&Fields> {
        self.site.indexes.records.fields(self.kind)
    }

    fn with_id(&self, id: &str) -> Option<Number> {
        let number = self.site.indexes.lists.number(self.kind, id)?;
        self.site.indexes.lists.item(number).map(|_| number)
    }

    fn name(&self, number: Number) -> Option<&str> {
        let called = self.site.snapshot.catalogue.name_at(number);
        self.names()?.name(number, called)
    }

    fn names(&self) -> Option<&Names> {
        self.site.indexes.records.names(self.kind)
    }

    fn named(&self, name: &str) -> Option<RoaringBitmap> {
        let named = Filter::Among(self.site.indexes.search.with_name(name)?);
        Some((*self.site.indexes.lists.find(self.kind, &[named])).clone())
    }

    fn is_wanted(&self) -> bool {
        let is_wanted = !self.unwanted.is_cancelled();
        let left = self.looks_left.get().filter(|_| is_wanted);
        let left = left.and_then(|left| left.checked_sub(1));
        self.looks_left.set(left);
        left.is_some()
    }
}
