use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::name_list::NameList;
use crate::postings::PostingList;

/// Identifies a term within one [`IndexBuilder`].
pub(crate) type TermId = u32;

/// Collects the terms and names of some documents, before they are sorted.
#[derive(Default)]
pub(crate) struct IndexBuilder {
    ids: HashMap<Box<str>, TermId, BuildHasherDefault<TermHasher>>,
    postings: Vec<FieldPostings>,
    /// The documents that have a term in a synopsis, by its id; none beyond the last such term.
    synopses: Vec<PostingList>,
    pub(crate) names: NameList,
}

/// The documents that have a term in a name, and those that have it in a related text.
#[derive(Default)]
pub(crate) struct FieldPostings {
    pub(crate) names: PostingList,
    pub(crate) related: PostingList,
}

/// A term with its documents, and with those that have it in a synopsis, if any.
pub(crate) type TermPostings = (Box<str>, FieldPostings, Option<PostingList>);

impl IndexBuilder {
    /// The id of a term, which is added if it is new.
    pub(crate) fn term_id(&mut self, term: &str) -> TermId {
        if let Some(id) = self.ids.get(term) {
            return *id;
        }
        // There are never more terms than fit into memory.
        let id = TermId::try_from(self.postings.len()).unwrap_or(TermId::MAX);
        self.ids.insert(term.into(), id);
        self.postings.push(FieldPostings::default());
        id
    }

    /// Adds a document that has a term in a name. Documents must be added in ascending order.
    pub(crate) fn add_to_names(&mut self, term: TermId, document: usize) {
        self.postings[term as usize].names.push(document);
    }

    /// Adds a document that has a term in a related text. Documents must be added in ascending
    /// order.
    pub(crate) fn add_to_related(&mut self, term: TermId, document: usize) {
        self.postings[term as usize].related.push(document);
    }

    /// Adds a document that has a term in its synopsis. Documents must be added in ascending order.
    pub(crate) fn add_to_synopses(&mut self, term: TermId, document: usize) {
        let place = term as usize;
        if place >= self.synopses.len() {
            self.synopses.resize_with(place + 1, PostingList::default);
        }
        self.synopses[place].push(document);
    }

    /// The terms with their postings, unsorted, and the names.
    pub(crate) fn into_parts(self) -> (impl Iterator<Item = TermPostings>, NameList) {
        let Self {
            ids,
            mut postings,
            mut synopses,
            names,
        } = self;
        let terms = ids.into_iter().map(move |(term, id)| {
            let postings = std::mem::take(&mut postings[id as usize]);
            (
                term,
                postings,
                synopses.get_mut(id as usize).map(std::mem::take),
            )
        });
        (terms, names)
    }
}

/// A quick hash of short texts.
#[derive(Default)]
struct TermHasher(u64);

impl Hasher for TermHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
