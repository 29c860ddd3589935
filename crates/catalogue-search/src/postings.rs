use std::ops::Range;

use fixedbitset::FixedBitSet;

use crate::varint::{pop_varint, push_varint};

/// The documents of one term while an index is built, delta-coded.
#[derive(Default)]
pub(crate) struct PostingList {
    bytes: Vec<u8>,
    /// One more than the last document.
    next: usize,
}

impl PostingList {
    /// Adds a document, which must not be lower than the last. The last again is ignored.
    pub(crate) fn push(&mut self, document: usize) {
        if document >= self.next {
            push_varint(&mut self.bytes, document - self.next);
            self.next = document + 1;
        }
    }
}

/// The documents of each term of a segment, delta-coded. Nearly all lists have a few documents, so
/// a bitmap for each would take many times the memory.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    bytes: Vec<u8>,
    /// Where each term's list ends.
    ends: Vec<u32>,
}

impl Postings {
    /// Appends the documents of the next term. Each list must begin after the end of the one
    /// before it.
    pub(crate) fn push<'a>(&mut self, lists: impl Iterator<Item = &'a PostingList>) {
        let mut next = 0;
        for list in lists {
            let mut rest = &*list.bytes;
            if let Some(first) = pop_varint(&mut rest) {
                push_varint(&mut self.bytes, first - next);
                self.bytes.extend_from_slice(rest);
                next = list.next;
            }
        }
        self.ends
            .push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    fn lists(&self, terms: Range<usize>) -> impl Iterator<Item = &[u8]> {
        terms.filter_map(|term| {
            let before = term.checked_sub(1).and_then(|before| self.ends.get(before));
            let start = before.map_or(0, |end| *end as usize);
            self.bytes.get(start..*self.ends.get(term)? as usize)
        })
    }

    pub(crate) fn contains(&self, term: usize, document: usize) -> bool {
        let mut documents = self.lists(term..term + 1).flat_map(|mut list| {
            let mut next = 0;
            std::iter::from_fn(move || {
                next += pop_varint(&mut list)? + 1;
                Some(next - 1)
            })
        });
        documents.any(|other| other == document)
    }

    /// Adds the documents of some terms to a set. This is the innermost loop of a search, so it
    /// decodes inline.
    pub(crate) fn collect(&self, terms: Range<usize>, into: &mut FixedBitSet) {
        for list in self.lists(terms) {
            let (mut next, mut number, mut shift) = (0, 0, 0);
            for byte in list {
                number |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    into.insert(next + number);
                    next += number + 1;
                    (number, shift) = (0, 0);
                }
            }
        }
    }
}
