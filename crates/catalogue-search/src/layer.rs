use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::models::{Catalogue, Change, Id, Item, Kind, Link};
use roaring::RoaringBitmap;

use super::asked::Asked;
use super::bits::Bits;
use super::entry::{Entry, Part, Scratch};
use super::segment::{Documents, Segment, Standing, standing};
use super::terms::Terms;
use super::whole;

/// Changes up to which an index is never worn.
const FEW: usize = 1_000;
/// The share of its items that may change before an index is worn: one in so many.
const WORN: usize = 8;

/// The index of a catalogue's items. A clone is cheap and stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The large segment first, then ever smaller and newer ones.
    pub(super) layers: Vec<Layer>,
}

/// A segment, and what of it no longer holds.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) segment: Arc<Segment>,
    /// The documents whose items went or changed.
    pub(super) gone: Arc<RoaringBitmap>,
    /// What the segment was made of, document by document, if it may be merged.
    entries: Option<Arc<Vec<Loose>>>,
}

type Loose = (Standing, Arc<Entry>);

impl Search {
    /// The index of a catalogue's items.
    ///
    /// A movie is found by the names of its people, places and vehicles, too.
    pub fn of(catalogue: &Catalogue) -> Self {
        let layer = Layer {
            segment: Arc::new(whole::segment(catalogue)),
            gone: Arc::default(),
            entries: None,
        };
        Self {
            layers: vec![layer],
        }
    }

    /// Takes in what changed: for each number the item that it stands for now, `None` if it
    /// stands for none. The cost is that of the change, whatever the size of the index.
    ///
    /// A movie must be told as well when a person, place or vehicle in it changed: [`touched`]
    /// names all items to tell. `catalogue` is the one after the change.
    pub fn update(
        &mut self,
        changed: impl IntoIterator<Item = (u32, Option<Arc<Item>>)>,
        catalogue: &Catalogue,
    ) {
        let changed: BTreeMap<u32, Option<Arc<Item>>> = changed.into_iter().collect();
        let mut scratch = Scratch::default();
        let mut fresh = Vec::new();
        for (number, item) in changed {
            self.take_out(number);
            if let Some(item) = item {
                let entry = Entry::of(&item, catalogue, &mut scratch);
                fresh.push((standing(number, &item), Arc::new(entry)));
            }
        }
        while let Some(layer) = self.layers.pop_if(|layer| layer.fits_into(fresh.len())) {
            fresh.extend(layer.into_entries());
        }
        if !fresh.is_empty() {
            self.layers.push(Layer::loose(fresh));
        }
    }

    /// The numbers of all items with a name that is folded as this one is, whatever their kind;
    /// nothing if nothing of it is left.
    pub fn named(&self, name: &str) -> Option<RoaringBitmap> {
        let Asked { name, .. } = Asked::of(name.trim());
        if name.is_empty() {
            return None;
        }
        let mut numbers = RoaringBitmap::new();
        for layer in &self.layers {
            let [mut exact, mut beginning] = [(); 2].map(|()| Bits::none(layer.segment.len()));
            layer.segment.mark_names(&name, &mut exact, &mut beginning);
            for document in layer.gone.iter() {
                exact.clear(document as usize);
            }
            numbers.extend(
                exact
                    .iter()
                    .filter_map(|document| layer.segment.number(document)),
            );
        }
        Some(numbers)
    }

    /// Whether so much has changed that a new index of all items is worth its cost.
    pub fn is_worn(&self) -> bool {
        let Some((base, newer)) = self.layers.split_first() else {
            return false;
        };
        let gone = base.segment.len() - base.live();
        let changed = gone + newer.iter().map(Layer::live).sum::<usize>();
        changed > FEW + base.segment.len() / WORN
    }

    fn take_out(&mut self, number: u32) {
        for layer in &mut self.layers {
            if let Some(document) = layer.segment.document(number) {
                Arc::make_mut(&mut layer.gone).extend(u32::try_from(document));
            }
        }
    }
}

impl Layer {
    fn loose(mut entries: Vec<Loose>) -> Self {
        entries.sort_unstable_by_key(|(standing, _)| *standing);
        let (mut documents, mut terms) = (Documents::default(), Terms::default());
        for (document, ((kind, .., number), entry)) in entries.iter().enumerate() {
            documents.push(*number, *kind);
            for (part, text) in entry.parts() {
                match part {
                    Part::Name => terms.names.push(document, text),
                    Part::Word => {
                        let place = terms.place(text);
                        terms.in_name(place, document);
                    }
                    Part::Beside => {
                        let place = terms.place(text);
                        terms.beside(place, document);
                    }
                }
            }
        }
        terms.names.sort();
        Self {
            segment: Arc::new(Segment::of(documents, [terms])),
            gone: Arc::default(),
            entries: Some(Arc::new(entries)),
        }
    }

    /// The document of an item that has not gone or changed since.
    pub(super) fn live_document(&self, number: u32) -> Option<usize> {
        let document = self.segment.document(number)?;
        let gone = u32::try_from(document).is_ok_and(|document| self.gone.contains(document));
        (!gone).then_some(document)
    }

    fn live(&self) -> usize {
        self.segment.len() - usize::try_from(self.gone.len()).unwrap_or(0)
    }

    /// Whether it is so small beside what is new that both are better one segment.
    fn fits_into(&self, fresh: usize) -> bool {
        self.entries.is_some() && self.live() <= 2 * fresh
    }

    fn into_entries(self) -> Vec<Loose> {
        let entries = self.entries.unwrap_or_default();
        let live = (0_u32..).zip(entries.iter());
        live.filter(|(document, _)| !self.gone.contains(*document))
            .map(|(_, entry)| entry.clone())
            .collect()
    }
}

/// The items that an index must be told after a version's changes: those that changed, and the
/// movies that are found by the name of one of them. `catalogue` is the one after the changes.
pub fn touched(changes: &[Change], catalogue: &Catalogue) -> BTreeSet<(Kind, Id)> {
    let mut touched = BTreeSet::new();
    for change in changes {
        touched.insert((change.kind, change.id.clone()));
        let link = match change.kind {
            Kind::Person => Link::MoviePerson,
            Kind::Location => Link::MovieLocation,
            Kind::Vehicle => Link::MovieVehicle,
            Kind::Movie | Kind::Species => continue,
        };
        let movies = catalogue.items(catalogue.linking_numbers(link, &change.id));
        touched.extend(movies.map(|movie| (Kind::Movie, movie.id.clone())));
    }
    touched
}
