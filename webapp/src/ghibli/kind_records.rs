//! The records of a kind for a query, with a scan limit, and cancelled when the client disconnects.

use std::cell::Cell;
use std::ops::{Deref, Range};

use catalogue_index::{Filter, Sort};
use common::models::{Kind, Number};
use ghibli_api::{Collection, FieldIndex, RecordCollection, TitleIndex};
use roaring::RoaringBitmap;
use tokio_util::sync::CancellationToken;

use crate::state::{Site, get};

/// The records of a kind, with the site's indexes.
pub(super) struct KindRecords<'a> {
    pub(super) collection: Collection,
    pub(super) kind: Kind,
    pub(super) site: &'a Site,
    pub(super) cancellation: &'a CancellationToken,
    /// The number of records that can still be scanned; none once the scan was stopped.
    pub(super) scans_left: Cell<Option<usize>>,
}

impl RecordCollection for KindRecords<'_> {
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

    fn sorted_range(
        &self,
        numbers: &RoaringBitmap,
        is_reversed: bool,
        range: Range<usize>,
    ) -> Vec<Number> {
        let order = (Sort::Source, is_reversed);
        let range = (range.start, range.len());
        self.site
            .indexes
            .lists
            .page_numbers(self.kind, numbers, order, range)
    }

    fn stored(&self, number: Number) -> impl Deref<Target = str> {
        let catalogue = &self.site.snapshot.catalogue;
        catalogue.source_text(number).unwrap_or_default()
    }

    fn field_index(&self) -> Option<&FieldIndex> {
        self.site.indexes.records.fields(self.kind)
    }

    fn find_by_id(&self, id: &str) -> Option<Number> {
        let item = get(&self.site.snapshot.catalogue, self.kind, id)?;
        self.site.indexes.lists.number(self.kind, &item.id)
    }

    fn title(&self, number: Number) -> Option<&str> {
        let item_name = self.site.snapshot.catalogue.name_at(number);
        self.title_index()?.title(number, item_name)
    }

    fn title_index(&self) -> Option<&TitleIndex> {
        self.site.indexes.records.titles(self.kind)
    }

    fn find_by_title(&self, title: &str) -> Option<RoaringBitmap> {
        let named = Filter::Among(self.site.indexes.search.with_name(title)?);
        Some((*self.site.indexes.lists.find(self.kind, &[named])).clone())
    }

    fn is_cancelled(&self) -> bool {
        let left = self.scans_left.get();
        let left = left.filter(|_| !self.cancellation.is_cancelled());
        let left = left.and_then(|left| left.checked_sub(1));
        self.scans_left.set(left);
        left.is_none()
    }
}
