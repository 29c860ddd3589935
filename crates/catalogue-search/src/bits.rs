use std::ops::Range;

/// A set of an index's documents, one bit for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn none(documents: usize) -> Self {
        Self(vec![0; documents.div_ceil(64)])
    }

    pub(super) fn set(&mut self, document: usize) {
        if let Some(word) = self.0.get_mut(document / 64) {
            *word |= 1 << (document % 64);
        }
    }

    pub(super) fn clear(&mut self, document: usize) {
        if let Some(word) = self.0.get_mut(document / 64) {
            *word &= !(1 << (document % 64));
        }
    }

    pub(super) fn and(&mut self, other: &Self) {
        self.combine(other, |a, b| a & b);
    }

    pub(super) fn or(&mut self, other: &Self) {
        self.combine(other, |a, b| a | b);
    }

    pub(super) fn without(&mut self, other: &Self) {
        self.combine(other, |a, b| a & !b);
    }

    fn combine(&mut self, other: &Self, with: impl Fn(u64, u64) -> u64) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a = with(*a, *b);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn count_in(&self, range: &Range<usize>) -> usize {
        let words = self.0.iter().enumerate().skip(range.start / 64);
        words
            .take(range.end.div_ceil(64).saturating_sub(range.start / 64))
            .map(|(place, word)| (word & mask(range, place * 64)).count_ones() as usize)
            .sum()
    }

    /// Leaves only the documents of some ranges.
    pub(super) fn keep(&mut self, ranges: impl Iterator<Item = Range<usize>>) {
        let mut kept = vec![0_u64; self.0.len()];
        for range in ranges {
            for (place, word) in kept.iter_mut().enumerate() {
                *word |= mask(&range, place * 64);
            }
        }
        self.and(&Self(kept));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(place, word)| {
            let next = |word: &u64| Some(word & (word - 1)).filter(|word| *word != 0);
            std::iter::successors(Some(*word).filter(|word| *word != 0), next)
                .map(move |word| place * 64 + word.trailing_zeros() as usize)
        })
    }
}

/// The bits of a word at `base` that lie in a range.
fn mask(range: &Range<usize>, base: usize) -> u64 {
    let low = range.start.clamp(base, base + 64) - base;
    let high = range.end.clamp(base, base + 64) - base;
    let below = |bits: usize| {
        if bits == 64 {
            u64::MAX
        } else {
            (1 << bits) - 1
        }
    };
    below(high) & !below(low)
}
