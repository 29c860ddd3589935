use super::sorted::Sorted;

/// Words from here on, by bytes, are looked up by pairs of characters, and never misspelt.
const FIRST_WIDE: char = '\u{e00}';

/// Words that are less far ahead are reached by reading on.
const NEAR: usize = 8;

/// Which characters a word has, the second of each apart, and how many they are: an edit changes
/// at most one of them either way, so that most words need no closer look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape(u64);

/// The bits of the length, which counts up to 15.
const LENGTH: u64 = 0xf << 60;

impl Shape {
    /// The shape of a word that can be misspelt, all of which sort before all others.
    pub(super) fn of(word: &str) -> Option<Self> {
        if word.chars().next().is_none_or(|first| first >= FIRST_WIDE) {
            return None;
        }
        let mut shape = 0;
        for char in word.chars() {
            let bit = match char {
                'a'..='z' => 1_u64 << (u32::from(char) - u32::from('a')),
                other => 1 << (52 + u32::from(other) % 8),
            };
            let again = if bit < 1 << 26 { bit << 26 } else { bit };
            shape |= if shape & bit == 0 { bit } else { again };
        }
        let length = word.chars().take(15).count() as u64;
        Some(Self(shape | length << 60))
    }

    /// Whether words of these shapes may be near enough.
    fn may_be_near(self, other: Self) -> bool {
        let (a, b) = (self.length(), other.length());
        let allowed = allowed(a.max(b));
        let apart = |a: u64, b: u64| (a & !b & !LENGTH).count_ones() as usize;
        a.abs_diff(b) <= allowed
            && apart(self.0, other.0) <= allowed
            && apart(other.0, self.0) <= allowed
    }

    fn length(self) -> usize {
        usize::from((self.0 >> 60).to_le_bytes()[0])
    }
}

/// How many edits a word of so many characters may be away: the longer the word, the more.
const fn allowed(characters: usize) -> usize {
    match characters {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// The number of edits from one word to another, if it is allowed by the longer one's length.
///
/// An edit is a letter too many, too few or wrong, or two that changed places.
pub(super) fn edits(typed: &str, word: &str) -> Option<usize> {
    let (a, b) = (typed.chars().count(), word.chars().count());
    let allowed = allowed(a.max(b));
    if a.abs_diff(b) > allowed {
        return None;
    }
    let (typed, word) = without_shared_ends(typed, word);
    let edits = match one_edit(typed, word) {
        Some(edits) => edits,
        None if allowed < 2 => return None,
        None => strsim::osa_distance(typed, word),
    };
    (edits <= allowed).then_some(edits)
}

/// What is left of two words without the beginning and the end that they share.
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

/// The words near a typed one, with their edits, the nearest first.
pub(super) fn like(typed: &str, shapes: &[Shape], words: &Sorted) -> Vec<(usize, usize)> {
    let Some(shape) = Shape::of(typed).filter(|_| can_be_misspelt(typed)) else {
        return Vec::new();
    };
    let mut like = Vec::new();
    let mut texts = words.from(0);
    let mut next = 0;
    for (place, _) in (0..)
        .zip(shapes)
        .filter(|(_, other)| shape.may_be_near(**other))
    {
        if place >= next + NEAR {
            texts = words.from(place);
            next = place;
        }
        while next < place {
            texts.next();
            next += 1;
        }
        next += 1;
        let word = texts.next().and_then(|word| std::str::from_utf8(word).ok());
        like.extend(word.and_then(|word| Some((place, edits(typed, word)?))));
    }
    like.sort_unstable_by_key(|(place, edits)| (*edits, *place));
    like
}

/// Short words and numbers are meant as they stand.
pub(super) fn can_be_misspelt(typed: &str) -> bool {
    allowed(typed.chars().count()) > 0 && !typed.chars().any(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn edits_are_counted_as_by_the_plain_way(a in "[abc]{0,9}", b in "[abc]{0,9}") {
            let longer = a.len().max(b.len());
            let plain = strsim::osa_distance(&a, &b);
            prop_assert_eq!(edits(&a, &b), Some(plain).filter(|edits| *edits <= allowed(longer)));
            if let (Some(x), Some(y)) = (Shape::of(&a), Shape::of(&b)) {
                prop_assert!(x.may_be_near(y) || edits(&a, &b).is_none());
            }
        }
    }
}
