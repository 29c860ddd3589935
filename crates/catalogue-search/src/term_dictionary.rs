use std::ops::Range;

use crate::varint::{pop_varint, push_varint};

/// Terms per block. Larger blocks save memory, smaller ones time.
const BLOCK_LEN: usize = 16;

/// Sorted terms, front-coded: each as the length of the prefix shared with the one before it and
/// the remaining bytes. Each block begins with a whole term.
#[derive(Debug, Default)]
pub(crate) struct TermDictionary {
    bytes: Vec<u8>,
    /// Where each block begins.
    blocks: Vec<u32>,
    len: usize,
    /// The term pushed last, while building.
    last: Vec<u8>,
}

impl TermDictionary {
    /// Appends a term, which must not sort before the others.
    pub(crate) fn push(&mut self, term: &[u8]) {
        let shared = if self.len.is_multiple_of(BLOCK_LEN) {
            self.blocks
                .push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
            0
        } else {
            let pairs = self.last.iter().zip(term);
            pairs.take_while(|(a, b)| a == b).count()
        };
        push_varint(&mut self.bytes, shared);
        push_varint(&mut self.bytes, term.len() - shared);
        self.bytes.extend_from_slice(&term[shared..]);
        self.last.truncate(shared);
        self.last.extend_from_slice(&term[shared..]);
        self.len += 1;
    }

    pub(crate) fn finish(&mut self) {
        self.last = Vec::new();
        self.bytes.shrink_to_fit();
        self.blocks.shrink_to_fit();
    }

    /// The terms from an ordinal on.
    pub(crate) fn iter_from(&self, ordinal: usize) -> TermIter<'_> {
        let mut terms = self.block(ordinal / BLOCK_LEN);
        for _ in 0..ordinal % BLOCK_LEN {
            terms.next();
        }
        terms
    }

    fn block(&self, block: usize) -> TermIter<'_> {
        let start = self.blocks.get(block).copied().unwrap_or(u32::MAX);
        TermIter {
            bytes: self.bytes.get(start as usize..).unwrap_or_default(),
            term: Vec::new(),
        }
    }

    /// The ordinal of a term.
    pub(crate) fn find(&self, term: &str) -> Option<usize> {
        let ordinal = self.partition_point(|other| other < term.as_bytes());
        (self.iter_from(ordinal).next() == Some(term.as_bytes())).then_some(ordinal)
    }

    /// The ordinals of all terms with a prefix.
    pub(crate) fn prefix_range(&self, prefix: &str) -> Range<usize> {
        let prefix = prefix.as_bytes();
        let start = self.partition_point(|term| term < prefix);
        start..self.partition_point(|term| term < prefix || term.starts_with(prefix))
    }

    /// The number of terms for which `is_before` holds, which must be the first ones.
    fn partition_point(&self, is_before: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (0, self.blocks.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.block(middle).next().is_some_and(&is_before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let Some(block) = low.checked_sub(1) else {
            return 0;
        };
        let mut ordinal = block * BLOCK_LEN;
        let mut terms = self.block(block);
        while ordinal < self.len && terms.next().is_some_and(&is_before) {
            ordinal += 1;
        }
        ordinal
    }
}

/// Some consecutive terms of a [`TermDictionary`].
pub(crate) struct TermIter<'a> {
    bytes: &'a [u8],
    term: Vec<u8>,
}

impl TermIter<'_> {
    /// The next term. It borrows a buffer that the next call overwrites.
    pub(crate) fn next(&mut self) -> Option<&[u8]> {
        let shared = pop_varint(&mut self.bytes)?;
        let own_len = pop_varint(&mut self.bytes)?;
        let (own, bytes) = self.bytes.split_at_checked(own_len)?;
        self.term.truncate(shared);
        self.term.extend_from_slice(own);
        self.bytes = bytes;
        Some(&self.term)
    }
}
