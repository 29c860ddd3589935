use std::cmp::Reverse;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use common::models::{Facts, Item, Kind, Number};
use fixedbitset::FixedBitSet;

use crate::fuzzy::{self, Signature};
use crate::index_builder::{IndexBuilder, TermPostings};
use crate::name_list;
use crate::postings::Postings;
use crate::term_dictionary::TermDictionary;

/// Orders equal matches: by kind, the best score first, then in the source's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RankKey {
    pub(crate) kind: Kind,
    score: Reverse<Option<u8>>,
    rank: i64,
    pub(crate) number: Number,
}

impl RankKey {
    pub(crate) fn of(number: Number, item: &Item) -> Self {
        let score = match &item.facts {
            Facts::Movie(movie) => movie.score_percent,
            _ => None,
        };
        Self {
            kind: item.kind(),
            score: Reverse(score),
            rank: item.rank,
            number,
        }
    }
}

/// An immutable index of some items.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    documents: Documents,
    /// The documents sorted by their numbers.
    by_number: Vec<u32>,
    names: TermDictionary,
    /// The document of each name.
    name_documents: Vec<u32>,
    terms: TermDictionary,
    /// The signatures of the terms that can be misspelt, which are the first ones.
    signatures: Vec<Signature>,
    in_names: Postings,
    in_related: Postings,
    /// Empty if no synopsis is indexed.
    in_synopses: Postings,
}

/// The items of a segment, in the order of their rank keys.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    numbers: Vec<Number>,
    /// Where the documents of each kind end.
    ends: [usize; 5],
}

impl Documents {
    /// Appends an item.
    pub(crate) fn push(&mut self, number: Number, kind: Kind) {
        self.numbers.push(number);
        for end in &mut self.ends[kind as usize..] {
            *end = self.numbers.len();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    fn by_number(&self) -> Vec<u32> {
        let highest = self.numbers.iter().max();
        let mut by_number = vec![None; highest.map_or(0, |highest| *highest as usize + 1)];
        for (document, number) in (0..).zip(&self.numbers) {
            by_number[*number as usize] = Some(document);
        }
        by_number.into_iter().flatten().collect()
    }
}

impl Segment {
    /// Builds a segment of these documents. The names of every builder must be sorted; where
    /// builders share a term, its documents in one must all come before those in the next.
    pub(crate) fn of(
        documents: Documents,
        builders: impl IntoIterator<Item = IndexBuilder>,
    ) -> Self {
        let mut segment = Self::default();
        let (mut terms, mut names) = (Vec::new(), Vec::new());
        for builder in builders {
            let (builder_terms, builder_names) = builder.into_parts();
            terms.extend(builder_terms);
            names.push(builder_names);
        }
        thread::scope(|scope| {
            let names = scope.spawn(|| name_list::merge(&names));
            segment.set_terms(terms);
            let names = names.join().unwrap_or_else(|panic| resume_unwind(panic));
            (segment.names, segment.name_documents) = names;
        });
        segment.by_number = documents.by_number();
        segment.documents = documents;
        segment
    }

    fn set_terms(&mut self, mut terms: Vec<TermPostings>) {
        terms.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let has_synopses = terms.iter().any(|(.., synopses)| synopses.is_some());
        for same in terms.chunk_by(|(a, ..), (b, ..)| a == b) {
            if let Some((term, ..)) = same.first() {
                self.terms.push(term.as_bytes());
                self.signatures.extend(Signature::of(term));
            }
            let postings = same.iter().map(|(_, postings, _)| postings);
            self.in_names
                .push(postings.clone().map(|postings| &postings.names));
            self.in_related
                .push(postings.map(|postings| &postings.related));
            if has_synopses {
                self.in_synopses
                    .push(same.iter().filter_map(|(.., synopses)| synopses.as_ref()));
            }
        }
        self.terms.finish();
        self.signatures.shrink_to_fit();
    }

    pub(crate) fn len(&self) -> usize {
        self.documents.len()
    }

    /// The number of a document's item.
    pub(crate) fn number(&self, document: usize) -> Option<Number> {
        self.documents.numbers.get(document).copied()
    }

    /// The document of an item.
    pub(crate) fn document(&self, number: Number) -> Option<usize> {
        let number_of = |document: &u32| self.number(*document as usize);
        let place = self
            .by_number
            .binary_search_by_key(&Some(number), number_of)
            .ok()?;
        self.by_number.get(place).map(|document| *document as usize)
    }

    /// The documents of a kind.
    pub(crate) fn of_kind(&self, kind: Kind) -> Range<usize> {
        let place = kind as usize;
        let ends = &self.documents.ends;
        let start = place.checked_sub(1).map_or(0, |before| ends[before]);
        start..ends[place]
    }

    /// An empty set of documents.
    pub(crate) fn no_documents(&self) -> FixedBitSet {
        FixedBitSet::with_capacity(self.len())
    }

    pub(crate) fn find_term(&self, term: &str) -> Option<usize> {
        self.terms.find(term)
    }

    pub(crate) fn prefix_range(&self, prefix: &str) -> Range<usize> {
        self.terms.prefix_range(prefix)
    }

    /// The words near a typed one with their edits, the nearest first.
    pub(crate) fn similar_words(&self, typed: &str) -> Vec<(usize, usize)> {
        fuzzy::similar_words(typed, &self.signatures, &self.terms)
    }

    pub(crate) fn term(&self, ordinal: usize) -> Option<String> {
        let mut terms = self.terms.iter_from(ordinal);
        terms
            .next()
            .map(|term| String::from_utf8_lossy(term).into_owned())
    }

    /// Adds the documents that have one of some terms in a name.
    pub(crate) fn collect_in_names(&self, terms: Range<usize>, into: &mut FixedBitSet) {
        self.in_names.collect(terms, into);
    }

    /// Adds the documents that have one of some terms in a related text.
    pub(crate) fn collect_in_related(&self, terms: Range<usize>, into: &mut FixedBitSet) {
        self.in_related.collect(terms, into);
    }

    /// Adds the documents that have one of some terms in their synopsis.
    pub(crate) fn collect_in_synopses(&self, terms: Range<usize>, into: &mut FixedBitSet) {
        self.in_synopses.collect(terms, into);
    }

    /// Whether a document has a term in a name or in a related text.
    pub(crate) fn has_term(&self, document: usize, term: usize) -> bool {
        self.in_names.contains(term, document) || self.in_related.contains(term, document)
    }

    /// Whether a document has a term in its synopsis.
    pub(crate) fn has_in_synopsis(&self, document: usize, term: usize) -> bool {
        self.in_synopses.contains(term, document)
    }

    /// The documents with this exact name, and those with a name that has it as a prefix.
    pub(crate) fn with_name(&self, name: &str) -> [FixedBitSet; 2] {
        let [mut exact, mut prefixed] = [(); 2].map(|()| self.no_documents());
        let range = self.names.prefix_range(name);
        let mut names = self.names.iter_from(range.start);
        let documents = self.name_documents.get(range).unwrap_or_default();
        // The name itself sorts before all longer ones.
        for document in documents {
            if names.next().is_none_or(|other| other.len() != name.len()) {
                break;
            }
            exact.insert(*document as usize);
        }
        for document in documents {
            prefixed.insert(*document as usize);
        }
        [exact, prefixed]
    }
}
