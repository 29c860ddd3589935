use crate::term_dictionary::TermDictionary;

/// Words from here on, by bytes, are of scripts that are indexed by bigrams; typing errors are not
/// allowed in those.
const FIRST_UNSPACED: char = '\u{e00}';

/// Up to this many words ahead are read one after the other instead of seeking.
const MAX_READ_AHEAD: usize = 8;

/// Which characters a word has, which of them twice, and how many there are. An edit changes at
/// most one of them either way, so most words are ruled out without reading them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature(u64);

/// The bits of the length, which counts up to 15.
const LENGTH: u64 = 0xf << 60;

impl Signature {
    /// The signature of a word that can be misspelt. All such words sort before all others.
    pub(crate) fn of(word: &str) -> Option<Self> {
        if word
            .chars()
            .next()
            .is_none_or(|first| first >= FIRST_UNSPACED)
        {
            return None;
        }
        let mut signature = 0;
        for char in word.chars() {
            let bit = match char {
                'a'..='z' => 1_u64 << (u32::from(char) - u32::from('a')),
                other => 1 << (52 + u32::from(other) % 8),
            };
            let again = if bit < 1 << 26 { bit << 26 } else { bit };
            signature |= if signature & bit == 0 { bit } else { again };
        }
        let length = word.chars().take(15).count() as u64;
        Some(Self(signature | length << 60))
    }

    /// Whether words with these signatures may be near enough.
    fn may_be_near(self, other: Self) -> bool {
        let (a, b) = (self.length(), other.length());
        let max = max_edits(a.max(b));
        let missing = |a: u64, b: u64| (a & !b & !LENGTH).count_ones() as usize;
        a.abs_diff(b) <= max && missing(self.0, other.0) <= max && missing(other.0, self.0) <= max
    }

    fn length(self) -> usize {
        usize::from((self.0 >> 60).to_le_bytes()[0])
    }
}

/// Maximum number of edits in a word, given its length in characters.
const fn max_edits(length: usize) -> usize {
    match length {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// The number of edits from one word to another (optimal string alignment distance: insertions,
/// deletions, substitutions and transpositions of neighbours), if the longer one's length allows
/// it.
pub(crate) fn edits(typed: &str, word: &str) -> Option<usize> {
    let (a, b) = (typed.chars().count(), word.chars().count());
    let max = max_edits(a.max(b));
    if a.abs_diff(b) > max {
        return None;
    }
    let (typed, word) = without_shared_ends(typed, word);
    let edits = match one_edit(typed, word) {
        Some(edits) => edits,
        None if max < 2 => return None,
        None => strsim::osa_distance(typed, word),
    };
    (edits <= max).then_some(edits)
}

/// Two words without the prefix and the suffix that they share.
fn without_shared_ends<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    let shared = |pair: &(char, char)| pair.0 == pair.1;
    let size = |pair: (char, char)| pair.0.len_utf8();
    let start: usize = a.chars().zip(b.chars()).take_while(shared).map(size).sum();
    let (a, b) = (&a[start..], &b[start..]);
    let backwards = a.chars().rev().zip(b.chars().rev());
    let end: usize = backwards.take_while(shared).map(size).sum();
    (&a[..a.len() - end], &b[..b.len() - end])
}

/// The number of edits between words without shared ends, if it is at most one.
fn one_edit(a: &str, b: &str) -> Option<usize> {
    let (mut a, mut b) = (a.chars(), b.chars());
    match (a.next(), b.next(), a.next(), b.next()) {
        (None, None, ..) => Some(0),
        (_, _, None, None) => Some(1),
        (Some(first), Some(other), Some(second), Some(last))
            if first == last && second == other && a.next().is_none() && b.next().is_none() =>
        {
            Some(1)
        }
        _ => None,
    }
}

/// The ordinals of the words near a typed one with their edits, the nearest first.
pub(crate) fn similar_words(
    typed: &str,
    signatures: &[Signature],
    words: &TermDictionary,
) -> Vec<(usize, usize)> {
    let Some(signature) = Signature::of(typed).filter(|_| allows_edits(typed)) else {
        return Vec::new();
    };
    let mut similar = Vec::new();
    let mut terms = words.iter_from(0);
    let mut next = 0;
    for (ordinal, _) in (0..)
        .zip(signatures)
        .filter(|(_, other)| signature.may_be_near(**other))
    {
        if ordinal >= next + MAX_READ_AHEAD {
            terms = words.iter_from(ordinal);
            next = ordinal;
        }
        while next < ordinal {
            terms.next();
            next += 1;
        }
        next += 1;
        let word = terms.next().and_then(|word| std::str::from_utf8(word).ok());
        similar.extend(word.and_then(|word| Some((ordinal, edits(typed, word)?))));
    }
    similar.sort_unstable_by_key(|(ordinal, edits)| (*edits, *ordinal));
    similar
}

/// Whether a typed word may have typing errors: short words and numbers must match exactly.
pub(crate) fn allows_edits(typed: &str) -> bool {
    max_edits(typed.chars().count()) > 0 && !typed.chars().any(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn edits_are_the_optimal_string_alignment_distance(a in "[abc]{0,9}", b in "[abc]{0,9}") {
            let longer = a.len().max(b.len());
            let distance = strsim::osa_distance(&a, &b);
            let expected = Some(distance).filter(|edits| *edits <= max_edits(longer));
            prop_assert_eq!(edits(&a, &b), expected);
            if let (Some(x), Some(y)) = (Signature::of(&a), Signature::of(&b)) {
                prop_assert!(x.may_be_near(y) || edits(&a, &b).is_none());
            }
        }
    }
}
