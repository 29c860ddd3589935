use super::sorted::Sorted;

/// Words from here on, by bytes, are looked up by pairs of characters, and never misspelt.
const FIRST_WIDE: char = '\u{e00}';

/// Which characters a word has, the second of each apart: an edit changes at most one of them
/// either way, so that most words need no closer look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape(u64);

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
                other => 1 << (52 + u32::from(other) % 12),
            };
            let again = if bit < 1 << 26 { bit << 26 } else { bit };
            shape |= if shape & bit == 0 { bit } else { again };
        }
        Some(Self(shape))
    }

    /// The least number of edits between words of these shapes.
    fn apart(self, other: Self) -> u32 {
        let more = (self.0 & !other.0).count_ones();
        more.max((other.0 & !self.0).count_ones())
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
    Some(strsim::osa_distance(typed, word)).filter(|edits| *edits <= allowed)
}

/// The words near a typed one, with their edits, the nearest first.
pub(super) fn like(typed: &str, shapes: &[Shape], words: &Sorted) -> Vec<(usize, usize)> {
    let length = typed.chars().count();
    // Words of two letters more may still be near: `neibor` for `neighbor`.
    let most = allowed(length + allowed(length + 2));
    let Some(shape) = Shape::of(typed).filter(|_| can_be_misspelt(typed)) else {
        return Vec::new();
    };
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let near = shapes.iter().enumerate();
    let mut like: Vec<_> = near
        .filter(|(_, other)| shape.apart(**other) <= most)
        .filter_map(|(place, _)| {
            let mut texts = words.from(place);
            let word = std::str::from_utf8(texts.next()?).ok()?;
            Some((place, edits(typed, word)?))
        })
        .collect();
    like.sort_unstable_by_key(|(place, edits)| (*edits, *place));
    like
}

/// Short words and numbers are meant as they stand.
pub(super) fn can_be_misspelt(typed: &str) -> bool {
    allowed(typed.chars().count()) > 0 && !typed.chars().any(char::is_numeric)
}
