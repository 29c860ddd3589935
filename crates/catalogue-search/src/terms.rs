//! Terms and names of documents, before they are put in order.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::sorted::{Sorted, pop_number, push_number};

/// The place of a term among those of some documents.
pub(super) type Place = u32;

/// What some documents are found by.
#[derive(Default)]
pub(super) struct Terms {
    places: HashMap<Box<str>, Place, BuildHasherDefault<Hash>>,
    lists: Vec<(Growing, Growing)>,
    pub(super) names: Names,
}

/// A term with the documents that have it.
pub(super) struct Word {
    pub(super) text: Box<str>,
    pub(super) in_names: Growing,
    pub(super) beside: Growing,
}

/// A list of documents that grows, as differences.
#[derive(Default)]
pub(super) struct Growing {
    pub(super) bytes: Vec<u8>,
    /// What is more than the last of them.
    pub(super) next: usize,
}

impl Growing {
    fn push(&mut self, document: usize) {
        if document >= self.next {
            push_number(&mut self.bytes, document - self.next);
            self.next = document + 1;
        }
    }
}

impl Terms {
    /// The place of a term, which it gets where it has none.
    pub(super) fn place(&mut self, term: &str) -> Place {
        if let Some(place) = self.places.get(term) {
            return *place;
        }
        // There are never more terms than fit into memory.
        let place = Place::try_from(self.lists.len()).unwrap_or(Place::MAX);
        self.places.insert(term.into(), place);
        self.lists.push(<(Growing, Growing)>::default());
        place
    }

    /// Adds a document that has a term in a name. They come in order.
    pub(super) fn in_name(&mut self, place: Place, document: usize) {
        self.lists[place as usize].0.push(document);
    }

    /// Adds a document that has a term beside its names. They come in order.
    pub(super) fn beside(&mut self, place: Place, document: usize) {
        self.lists[place as usize].1.push(document);
    }

    /// The terms in no order, and the names.
    pub(super) fn apart(self) -> (impl Iterator<Item = Word>, Names) {
        let Self {
            places,
            mut lists,
            names,
        } = self;
        let words = places.into_iter().map(move |(text, place)| {
            let (in_names, beside) = std::mem::take(&mut lists[place as usize]);
            Word {
                text,
                in_names,
                beside,
            }
        });
        (words, names)
    }
}

/// Whole names, with the document of each.
#[derive(Default)]
pub(super) struct Names {
    /// All of them, each behind its length.
    texts: Vec<u8>,
    places: Vec<NamePlace>,
}

/// Where a name is among the texts. There are millions of them, so it is small.
struct NamePlace {
    /// Its first bytes, which decide most comparisons.
    first: u64,
    from: u32,
    document: u32,
}

impl Names {
    pub(super) fn push(&mut self, document: usize, name: &str) {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(name.bytes()) {
            *to = from;
        }
        self.places.push(NamePlace {
            first: u64::from_be_bytes(first),
            from: u32::try_from(self.texts.len()).unwrap_or(u32::MAX),
            document: u32::try_from(document).unwrap_or(u32::MAX),
        });
        push_number(&mut self.texts, name.len());
        self.texts.extend_from_slice(name.as_bytes());
    }

    /// Puts them in order, as [`merged`] needs them.
    pub(super) fn sort(&mut self) {
        let mut places = std::mem::take(&mut self.places);
        places.sort_unstable_by(|a, b| {
            let by_first = a.first.cmp(&b.first);
            by_first.then_with(|| self.key(a).cmp(&self.key(b)))
        });
        // They grew by doubling, and stay until all are merged.
        places.shrink_to_fit();
        self.places = places;
        self.texts.shrink_to_fit();
    }

    fn keys(&self) -> impl Iterator<Item = (u64, &[u8], u32)> {
        self.places.iter().map(|place| self.key(place))
    }

    fn key(&self, place: &NamePlace) -> (u64, &[u8], u32) {
        let mut rest = self.texts.get(place.from as usize..).unwrap_or_default();
        let len = pop_number(&mut rest).unwrap_or_default();
        let text = rest.get(..len).unwrap_or_default();
        (place.first, text, place.document)
    }
}

/// All names of some that are in order, with the document of each.
pub(super) fn merged(of: &[Names]) -> (Sorted, Vec<u32>) {
    let mut runs: Vec<_> = of.iter().map(|names| names.keys().peekable()).collect();
    let mut sorted = Sorted::default();
    let mut documents = Vec::with_capacity(of.iter().map(|names| names.places.len()).sum());
    loop {
        let runs = runs.iter_mut().filter_map(|run| Some((*run.peek()?, run)));
        let Some(((_, text, document), run)) = runs.min_by_key(|(next, _)| *next) else {
            break;
        };
        sorted.push(text);
        documents.push(document);
        run.next();
    }
    sorted.finish();
    (sorted, documents)
}

/// A quick hash of short texts.
#[derive(Default)]
struct Hash(u64);

impl Hasher for Hash {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
