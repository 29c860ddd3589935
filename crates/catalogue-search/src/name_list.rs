use crate::term_dictionary::TermDictionary;
use crate::varint::{pop_varint, push_varint};

/// Whole names with the document of each, while an index is built.
#[derive(Default)]
pub(crate) struct NameList {
    /// All names, each after its length.
    texts: Vec<u8>,
    entries: Vec<NameEntry>,
}

/// A name in the texts. There are millions of them, so it is small.
struct NameEntry {
    /// Its first bytes, which decide most comparisons.
    prefix: u64,
    start: u32,
    document: u32,
}

impl NameList {
    pub(crate) fn push(&mut self, document: usize, name: &str) {
        let mut prefix = [0; 8];
        for (to, from) in prefix.iter_mut().zip(name.bytes()) {
            *to = from;
        }
        self.entries.push(NameEntry {
            prefix: u64::from_be_bytes(prefix),
            start: u32::try_from(self.texts.len()).unwrap_or(u32::MAX),
            document: u32::try_from(document).unwrap_or(u32::MAX),
        });
        push_varint(&mut self.texts, name.len());
        self.texts.extend_from_slice(name.as_bytes());
    }

    /// Sorts the names, which [`merge`] requires.
    pub(crate) fn sort(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by(|a, b| {
            let by_prefix = a.prefix.cmp(&b.prefix);
            by_prefix.then_with(|| self.sort_key(a).cmp(&self.sort_key(b)))
        });
        // They grew by doubling, and stay until all lists are merged.
        entries.shrink_to_fit();
        self.entries = entries;
        self.texts.shrink_to_fit();
    }

    fn sort_keys(&self) -> impl Iterator<Item = (u64, &[u8], u32)> {
        self.entries.iter().map(|entry| self.sort_key(entry))
    }

    fn sort_key(&self, entry: &NameEntry) -> (u64, &[u8], u32) {
        let mut rest = self.texts.get(entry.start as usize..).unwrap_or_default();
        let len = pop_varint(&mut rest).unwrap_or_default();
        let text = rest.get(..len).unwrap_or_default();
        (entry.prefix, text, entry.document)
    }
}

/// Merges sorted lists of names into a dictionary, with the document of each name.
pub(crate) fn merge(lists: &[NameList]) -> (TermDictionary, Vec<u32>) {
    let mut runs: Vec<_> = lists
        .iter()
        .map(|names| names.sort_keys().peekable())
        .collect();
    let mut dictionary = TermDictionary::default();
    let mut documents = Vec::with_capacity(lists.iter().map(|names| names.entries.len()).sum());
    loop {
        let runs = runs.iter_mut().filter_map(|run| Some((*run.peek()?, run)));
        let Some(((_, name, document), run)) = runs.min_by_key(|(next, _)| *next) else {
            break;
        };
        dictionary.push(name);
        documents.push(document);
        run.next();
    }
    dictionary.finish();
    (dictionary, documents)
}
