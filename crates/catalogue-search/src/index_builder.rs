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
    pub(crate) names: NameList,
}

/// The documents that have a term in a name, and those that have it in a related text.
#[derive(Default)]
pub(crate) struct FieldPostings {
    pub(crate) names: PostingList,
    pub(crate) related: PostingList,
}

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

    /// The terms with their postings, unsorted, and the names.
    pub(crate) fn into_parts(self) -> (impl Iterator<Item = (Box<str>, FieldPostings)>, NameList) {
        let Self {
            ids,
            mut postings,
            names,
        } = self;
        let terms = ids
            .into_iter()
            .map(move |(term, id)| (term, std::mem::take(&mut postings[id as usize])));
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
