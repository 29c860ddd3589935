use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use common::models::{Facts, Item, Kind};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::bits::Bits;
use super::entry::{Entry, Part};
use super::sorted::{Sorted, pop_number, push_number};
use super::typo::Shape;

/// Where an item stands among equal matches: by kind, the best score first, then the source's
/// order. Documents of a segment are numbered in this order.
pub(super) type Standing = (Kind, Reverse<Option<u8>>, i64, u32);

pub(super) fn standing(number: u32, item: &Item) -> Standing {
    let score = match &item.facts {
        Facts::Movie(movie) => movie.score_percent,
        _ => None,
    };
    (item.kind(), Reverse(score), item.rank, number)
}

/// Some items, indexed; it never changes.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// The number of each document's item.
    pub(super) numbers: Vec<u32>,
    /// The documents in the order of their numbers.
    by_number: Vec<u32>,
    /// Where the documents of each kind end.
    ends: [usize; 5],
    names: Sorted,
    /// The document of each name.
    named: Vec<u32>,
    words: Sorted,
    /// What the words that can be misspelt look like, from the first word on.
    shapes: Vec<Shape>,
    in_names: Lists,
    beside: Lists,
}

/// The documents of each word, as differences.
#[derive(Debug, Default)]
struct Lists {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Lists {
    fn push(&mut self, list: &[u8]) {
        self.bytes.extend_from_slice(list);
        self.ends
            .push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    fn list(&self, words: Range<usize>) -> impl Iterator<Item = &[u8]> {
        words.filter_map(|word| {
            let before = word.checked_sub(1).and_then(|word| self.ends.get(word));
            let start = before.map_or(0, |end| *end as usize);
            self.bytes.get(start..*self.ends.get(word)? as usize)
        })
    }

    fn documents(&self, words: Range<usize>) -> impl Iterator<Item = usize> {
        self.list(words).flat_map(|mut list| {
            let mut next = 0;
            std::iter::from_fn(move || {
                next += pop_number(&mut list)? + 1;
                Some(next - 1)
            })
        })
    }

    /// Puts the documents of some words into a set: the innermost loop of a search, so it reads
    /// the numbers by itself.
    fn mark(&self, words: Range<usize>, into: &mut Bits) {
        for list in self.list(words) {
            let (mut next, mut number, mut shift) = (0, 0, 0);
            for byte in list {
                number |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    into.set(next + number);
                    next += number + 1;
                    (number, shift) = (0, 0);
                }
            }
        }
    }
}

impl Segment {
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The document of an item.
    pub(super) fn document(&self, number: u32) -> Option<usize> {
        let of = |document: &u32| self.numbers.get(*document as usize).copied();
        let place = self
            .by_number
            .binary_search_by_key(&Some(number), of)
            .ok()?;
        self.by_number.get(place).map(|document| *document as usize)
    }

    /// The documents of a kind.
    pub(super) fn of_kind(&self, kind: Kind) -> Range<usize> {
        let place = kind as usize;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[place]
    }

    pub(super) fn word(&self, word: &str) -> Option<usize> {
        self.words.find(word)
    }

    pub(super) fn words_beginning(&self, start: &str) -> Range<usize> {
        self.words.beginning(start)
    }

    /// The words within some edits of this one, with the number of edits, the nearest first.
    pub(super) fn words_like(&self, word: &str) -> Vec<(usize, usize)> {
        super::typo::like(word, &self.shapes, &self.words)
    }

    pub(super) fn text(&self, word: usize) -> Option<String> {
        let mut texts = self.words.from(word);
        texts
            .next()
            .map(|text| String::from_utf8_lossy(text).into_owned())
    }

    /// Marks the documents that have one of some words in a name.
    pub(super) fn mark_in_names(&self, words: Range<usize>, into: &mut Bits) {
        self.in_names.mark(words, into);
    }

    /// Marks the documents that have one of some words beside their names.
    pub(super) fn mark_beside(&self, words: Range<usize>, into: &mut Bits) {
        self.beside.mark(words, into);
    }

    pub(super) fn has(&self, document: usize, word: usize) -> bool {
        let mut names = self.in_names.documents(word..word + 1);
        let mut beside = self.beside.documents(word..word + 1);
        names.any(|other| other == document) || beside.any(|other| other == document)
    }

    /// Marks the documents with this very name, and those with a name that begins with it.
    pub(super) fn mark_names(&self, name: &str, exact: &mut Bits, beginning: &mut Bits) {
        let range = self.names.beginning(name);
        let mut texts = self.names.from(range.start);
        let documents = self.named.get(range).unwrap_or_default();
        // The name itself sorts before all longer ones.
        for document in documents {
            if texts.next().is_none_or(|text| text.len() != name.len()) {
                break;
            }
            exact.set(*document as usize);
        }
        for document in documents {
            beginning.set(*document as usize);
        }
    }
}

/// The place of a term among those of a segment under way.
pub(super) type Place = u32;

type Words = HashMap<Box<str>, Place, BuildHasherDefault<Hash>>;

/// Makes a segment of entries that come in the order of their standing.
#[derive(Default)]
pub(super) struct Builder {
    segment: Segment,
    words: Words,
    lists: Vec<(Growing, Growing)>,
    names: String,
    spans: Vec<NameSpan>,
}

/// A list of documents that grows.
#[derive(Default)]
struct Growing {
    bytes: Vec<u8>,
    next: usize,
}

impl Growing {
    fn push(&mut self, document: usize) {
        if document >= self.next {
            push_number(&mut self.bytes, document - self.next);
            self.next = document + 1;
        }
    }
}

/// A name in the text of all names.
struct NameSpan {
    /// Its first bytes, which decide most comparisons.
    first: u64,
    from: usize,
    len: u32,
    document: u32,
}

impl Builder {
    /// Adds an item behind the others.
    pub(super) fn add(&mut self, number: u32, kind: Kind, entry: &Entry) {
        let (mut in_names, mut beside) = (Vec::new(), Vec::new());
        for (part, text) in entry.parts() {
            match part {
                Part::Name => self.name(self.segment.numbers.len(), text),
                Part::Word => in_names.push(self.place(text)),
                Part::Beside => beside.push(self.place(text)),
            }
        }
        self.put(number, kind, in_names, beside);
    }

    /// Adds an item behind the others by the places of its terms: all but its names.
    pub(super) fn put(
        &mut self,
        number: u32,
        kind: Kind,
        in_names: impl IntoIterator<Item = Place>,
        beside: impl IntoIterator<Item = Place>,
    ) {
        let document = self.segment.numbers.len();
        self.segment.numbers.push(number);
        for end in &mut self.segment.ends[kind as usize..] {
            *end = document + 1;
        }
        for place in in_names {
            self.lists[place as usize].0.push(document);
        }
        for place in beside {
            self.lists[place as usize].1.push(document);
        }
    }

    /// Adds a name of a document, which may be one that is put later.
    pub(super) fn name(&mut self, document: usize, name: &str) {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(name.bytes()) {
            *to = from;
        }
        self.spans.push(NameSpan {
            first: u64::from_be_bytes(first),
            from: self.names.len(),
            len: u32::try_from(name.len()).unwrap_or(u32::MAX),
            document: u32::try_from(document).unwrap_or(u32::MAX),
        });
        self.names.push_str(name);
    }

    /// The place of a term, which it gets where it has none.
    pub(super) fn place(&mut self, term: &str) -> Place {
        if let Some(place) = self.words.get(term) {
            return *place;
        }
        // There are never more terms than fit into memory.
        let place = Place::try_from(self.lists.len()).unwrap_or(Place::MAX);
        self.words.insert(term.into(), place);
        self.lists.push(<(Growing, Growing)>::default());
        place
    }

    pub(super) fn finish(self) -> Segment {
        let Self {
            mut segment,
            words,
            lists,
            names,
            spans,
        } = self;
        thread::scope(|scope| {
            let names = scope.spawn(|| sorted_names(&names, spans));
            segment.set_words(words, &lists);
            let names = names.join().unwrap_or_else(|panic| resume_unwind(panic));
            (segment.names, segment.named) = names;
        });
        segment.set_numbers();
        segment
    }
}

impl Segment {
    fn set_words(&mut self, words: Words, lists: &[(Growing, Growing)]) {
        let mut words: Vec<_> = words.into_iter().collect();
        words.sort_unstable();
        for (word, place) in &words {
            self.words.push(word);
            self.shapes.extend(Shape::of(word));
            let (in_names, beside) = &lists[*place as usize];
            self.in_names.push(&in_names.bytes);
            self.beside.push(&beside.bytes);
        }
        self.words.finish();
        self.shapes.shrink_to_fit();
    }

    fn set_numbers(&mut self) {
        let most = self.numbers.iter().max();
        let mut by_number = vec![None; most.map_or(0, |most| *most as usize + 1)];
        for (document, number) in (0..).zip(&self.numbers) {
            by_number[*number as usize] = Some(document);
        }
        self.by_number = by_number.into_iter().flatten().collect();
    }
}

/// All names in order, with the document of each.
fn sorted_names(names: &str, mut spans: Vec<NameSpan>) -> (Sorted, Vec<u32>) {
    let name = |span: &NameSpan| names.get(span.from..span.from + span.len as usize);
    spans.sort_unstable_by(|a, b| {
        let by_text = || name(a).cmp(&name(b));
        a.first
            .cmp(&b.first)
            .then_with(by_text)
            .then(a.document.cmp(&b.document))
    });
    let mut sorted = Sorted::default();
    for span in &spans {
        sorted.push(name(span).unwrap_or_default());
    }
    sorted.finish();
    (sorted, spans.iter().map(|span| span.document).collect())
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
