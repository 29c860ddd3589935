use std::cmp::Reverse;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use common::models::{Facts, Item, Kind};

use super::bits::Bits;
use super::sorted::{Sorted, pop_number, push_number};
use super::terms::{self, Growing, Terms, Word};
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
    documents: Documents,
    /// The documents in the order of their numbers.
    by_number: Vec<u32>,
    names: Sorted,
    /// The document of each name.
    named: Vec<u32>,
    words: Sorted,
    /// What the words that can be misspelt look like, from the first word on.
    shapes: Vec<Shape>,
    in_names: Lists,
    beside: Lists,
}

/// The items that a segment is made of, in the order of their standing.
#[derive(Debug, Default)]
pub(super) struct Documents {
    /// The number of each one's item.
    numbers: Vec<u32>,
    /// Where those of each kind end.
    ends: [usize; 5],
}

impl Documents {
    /// Puts an item behind the others.
    pub(super) fn push(&mut self, number: u32, kind: Kind) {
        self.numbers.push(number);
        for end in &mut self.ends[kind as usize..] {
            *end = self.numbers.len();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// All of them in the order of their numbers.
    fn by_number(&self) -> Vec<u32> {
        let most = self.numbers.iter().max();
        let mut by_number = vec![None; most.map_or(0, |most| *most as usize + 1)];
        for (document, number) in (0..).zip(&self.numbers) {
            by_number[*number as usize] = Some(document);
        }
        by_number.into_iter().flatten().collect()
    }
}

/// The documents of each word, as differences.
#[derive(Debug, Default)]
struct Lists {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Lists {
    /// Puts the documents of the next word behind the others; each list begins after the one
    /// before it.
    fn push<'a>(&mut self, lists: impl Iterator<Item = &'a Growing>) {
        let mut next = 0;
        for list in lists {
            let mut rest = &*list.bytes;
            if let Some(first) = pop_number(&mut rest) {
                push_number(&mut self.bytes, first - next);
                self.bytes.extend_from_slice(rest);
                next = list.next;
            }
        }
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
    /// These documents, found by all of the terms, the names of which are in order; where some
    /// have a term in common, all documents of the first come first.
    pub(super) fn of(documents: Documents, terms: impl IntoIterator<Item = Terms>) -> Self {
        let mut segment = Self::default();
        let (mut words, mut names) = (Vec::new(), Vec::new());
        for terms in terms {
            let (of_these, named) = terms.apart();
            words.extend(of_these);
            names.push(named);
        }
        thread::scope(|scope| {
            let names = scope.spawn(|| terms::merged(&names));
            segment.set_words(words);
            let names = names.join().unwrap_or_else(|panic| resume_unwind(panic));
            (segment.names, segment.named) = names;
        });
        segment.by_number = documents.by_number();
        segment.documents = documents;
        segment
    }

    fn set_words(&mut self, mut words: Vec<Word>) {
        words.sort_by(|a, b| a.text.cmp(&b.text));
        for same in words.chunk_by(|a, b| a.text == b.text) {
            if let Some(word) = same.first() {
                self.words.push(word.text.as_bytes());
                self.shapes.extend(Shape::of(&word.text));
            }
            self.in_names.push(same.iter().map(|word| &word.in_names));
            self.beside.push(same.iter().map(|word| &word.beside));
        }
        self.words.finish();
        self.shapes.shrink_to_fit();
    }

    pub(super) fn len(&self) -> usize {
        self.documents.len()
    }

    /// The number of a document's item.
    pub(super) fn number(&self, document: usize) -> Option<u32> {
        self.documents.numbers.get(document).copied()
    }

    /// The document of an item.
    pub(super) fn document(&self, number: u32) -> Option<usize> {
        let of = |document: &u32| self.number(*document as usize);
        let place = self
            .by_number
            .binary_search_by_key(&Some(number), of)
            .ok()?;
        self.by_number.get(place).map(|document| *document as usize)
    }

    /// The documents of a kind.
    pub(super) fn of_kind(&self, kind: Kind) -> Range<usize> {
        let place = kind as usize;
        let ends = &self.documents.ends;
        let start = place.checked_sub(1).map_or(0, |before| ends[before]);
        start..ends[place]
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
