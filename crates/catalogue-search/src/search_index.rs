use std::collections::BTreeSet;
use std::sync::Arc;

use common::models::{Catalogue, Change, Id, Kind, Link, Number};
use fixedbitset::FixedBitSet;
use roaring::RoaringBitmap;

use crate::analysis::{AnalysedItem, Scratch, TermSource};
use crate::full_build;
use crate::index_builder::IndexBuilder;
use crate::parsed_query::ParsedQuery;
use crate::segment::{Documents, RankKey, Segment};

/// Up to this many changed items never need a rebuild.
const MIN_REBUILD_CHANGES: usize = 1_000;
/// A rebuild is due when more than one in this many items has changed.
const REBUILD_SHARE: usize = 8;
/// Synopses of more movies are not indexed. They are most of the text of a catalogue.
pub(crate) const MAX_SYNOPSES: usize = 50_000;

/// The search index of a catalogue. A clone shares everything and stays as it is.
#[derive(Clone, Debug, Default)]
pub struct SearchIndex {
    /// The large segment first, then ever smaller and newer ones.
    pub(crate) layers: Vec<Layer>,
    has_synopses: bool,
}

/// A segment and its deleted documents.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) segment: Arc<Segment>,
    /// The documents whose items were removed or changed since.
    deleted: Arc<RoaringBitmap>,
    /// The segment's items by document, if it can be merged.
    items: Option<Arc<Vec<RankedItem>>>,
}

type RankedItem = (RankKey, Arc<AnalysedItem>);

impl SearchIndex {
    /// Indexes a whole catalogue.
    pub fn of(catalogue: &Catalogue) -> Self {
        let has_synopses = can_have_synopses(catalogue);
        let layer = Layer {
            segment: Arc::new(full_build::segment(catalogue, has_synopses)),
            deleted: Arc::default(),
            items: None,
        };
        Self {
            layers: vec![layer],
            has_synopses,
        }
    }

    /// Whether synopses are searched: not in a very large catalogue.
    pub fn has_synopses(&self) -> bool {
        self.has_synopses
    }

    /// Applies one version's changes, which lead to `catalogue`; `removed` are the numbers that have
    /// no item any more. The cost depends on the number of changes alone, unless so much has changed
    /// that indexing the whole catalogue again is worth it.
    pub fn apply(
        &mut self,
        changes: &[Change],
        removed: impl IntoIterator<Item = Number>,
        catalogue: &Catalogue,
    ) {
        match self.needs_rebuild() {
            true => *self = Self::of(catalogue),
            false => self.update(changes, removed, catalogue),
        }
    }

    /// The same without a rebuild of an index that many versions have changed. For an index that
    /// gets no further changes.
    pub fn update(
        &mut self,
        changes: &[Change],
        removed: impl IntoIterator<Item = Number>,
        catalogue: &Catalogue,
    ) {
        if self.has_synopses != can_have_synopses(catalogue) {
            *self = Self::of(catalogue);
            return;
        }
        for number in removed {
            self.delete(number);
        }
        let mut scratch = Scratch::default();
        let mut items = Vec::new();
        for (kind, id) in affected_items(changes, catalogue) {
            let number = catalogue.number(kind, &id);
            let Some((number, item)) = number.zip(catalogue.get(kind, &id)) else {
                continue;
            };
            self.delete(number);
            let analysed = AnalysedItem::of(&item, catalogue, self.has_synopses, &mut scratch);
            items.push((RankKey::of(number, &item), Arc::new(analysed)));
        }
        while let Some(layer) = self.layers.pop_if(|layer| layer.should_merge(items.len())) {
            items.extend(layer.into_items());
        }
        if !items.is_empty() {
            self.layers.push(Layer::of(items));
        }
    }

    /// The numbers of all items, of any kind, with a name that folds to the same text as this one;
    /// `None` if it folds to nothing.
    pub fn with_name(&self, name: &str) -> Option<RoaringBitmap> {
        let ParsedQuery { name, .. } = ParsedQuery::of(name.trim());
        if name.is_empty() {
            return None;
        }
        let mut numbers = RoaringBitmap::new();
        for layer in &self.layers {
            let [mut exact, _] = layer.segment.with_name(&name);
            layer.remove_deleted(&mut exact);
            let exact = exact.ones();
            numbers.extend(exact.filter_map(|document| layer.segment.number(document)));
        }
        Some(numbers)
    }

    fn needs_rebuild(&self) -> bool {
        let Some((base, newer)) = self.layers.split_first() else {
            return false;
        };
        let deleted = base.segment.len() - base.live_count();
        let changed = deleted + newer.iter().map(Layer::live_count).sum::<usize>();
        changed > MIN_REBUILD_CHANGES + base.segment.len() / REBUILD_SHARE
    }

    fn delete(&mut self, number: Number) {
        for layer in &mut self.layers {
            if let Some(document) = layer.segment.document(number) {
                Arc::make_mut(&mut layer.deleted).extend(u32::try_from(document));
            }
        }
    }
}

impl Layer {
    fn of(mut items: Vec<RankedItem>) -> Self {
        items.sort_unstable_by_key(|(key, _)| *key);
        let (mut documents, mut builder) = (Documents::default(), IndexBuilder::default());
        for (document, (key, item)) in items.iter().enumerate() {
            documents.push(key.number, key.kind);
            for (source, text) in item.terms() {
                match source {
                    TermSource::WholeName => builder.names.push(document, text),
                    TermSource::Name => {
                        let term = builder.term_id(text);
                        builder.add_to_names(term, document);
                    }
                    TermSource::Related => {
                        let term = builder.term_id(text);
                        builder.add_to_related(term, document);
                    }
                    TermSource::Synopsis => {
                        let term = builder.term_id(text);
                        builder.add_to_synopses(term, document);
                    }
                }
            }
        }
        builder.names.sort();
        Self {
            segment: Arc::new(Segment::of(documents, [builder])),
            deleted: Arc::default(),
            items: Some(Arc::new(items)),
        }
    }

    /// The document of an item, unless it is deleted.
    pub(crate) fn live_document(&self, number: Number) -> Option<usize> {
        let document = self.segment.document(number)?;
        let is_deleted =
            u32::try_from(document).is_ok_and(|document| self.deleted.contains(document));
        (!is_deleted).then_some(document)
    }

    /// Removes the deleted documents from a set.
    pub(crate) fn remove_deleted(&self, documents: &mut FixedBitSet) {
        for document in self.deleted.iter() {
            documents.remove(document as usize);
        }
    }

    fn live_count(&self) -> usize {
        self.segment.len() - usize::try_from(self.deleted.len()).unwrap_or(0)
    }

    /// Whether it is so small that it should become one segment with this many new items.
    fn should_merge(&self, new_items: usize) -> bool {
        self.items.is_some() && self.live_count() <= 2 * new_items
    }

    fn into_items(self) -> Vec<RankedItem> {
        let items = self.items.unwrap_or_default();
        let live = (0_u32..).zip(items.iter());
        live.filter(|(document, _)| !self.deleted.contains(*document))
            .map(|(_, item)| item.clone())
            .collect()
    }
}

fn can_have_synopses(catalogue: &Catalogue) -> bool {
    catalogue.count(Kind::Movie) <= MAX_SYNOPSES
}

/// The items to index again after a version's changes: those that changed, and the movies that are
/// found by the name of one of them. `catalogue` is the one after the changes.
fn affected_items(changes: &[Change], catalogue: &Catalogue) -> BTreeSet<(Kind, Id)> {
    let mut affected = BTreeSet::new();
    for change in changes {
        affected.insert((change.kind, change.id.clone()));
        let link = match change.kind {
            Kind::Person => Link::MoviePerson,
            Kind::Location => Link::MovieLocation,
            Kind::Vehicle => Link::MovieVehicle,
            Kind::Movie | Kind::Species => continue,
        };
        let movies = catalogue.items(catalogue.linking_numbers(link, &change.id));
        affected.extend(movies.map(|movie| (Kind::Movie, movie.id.clone())));
    }
    affected
}
