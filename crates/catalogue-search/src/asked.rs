use std::cell::OnceCell;
use std::ops::Range;

use super::entry::{cut, key};
use super::fold::{self, is_wide};
use super::segment::Segment;
use super::typo;

/// The most words of a question that count.
const MOST_WORDS: usize = 8;
/// The most terms, pairs of characters among them, that count.
const MOST_TERMS: usize = 16;

/// A question, folded.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// All of it, as a name would be.
    pub(super) name: String,
    pub(super) terms: Vec<Term>,
}

/// A word or a pair of characters that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) text: String,
    /// Whether it may be the beginning of a longer word without more ado.
    pub(super) open: bool,
    /// Whether it is of a script that is looked up by pairs of characters.
    pub(super) wide: bool,
}

/// How closely a word must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closeness {
    /// As it was typed.
    Typed,
    /// As the beginning of a word.
    Begun,
    /// With one typing error.
    OneEdit,
    /// With two typing errors.
    TwoEdits,
}

impl Closeness {
    /// All of them, each with whatever matches at those before it.
    pub(super) const ALL: [Self; 4] = [Self::Typed, Self::Begun, Self::OneEdit, Self::TwoEdits];

    const fn edits(self) -> usize {
        match self {
            Self::Typed | Self::Begun => 0,
            Self::OneEdit => 1,
            Self::TwoEdits => 2,
        }
    }
}

impl Asked {
    pub(super) fn of(text: &str) -> Self {
        let mut glyphs = Vec::new();
        fold::fold(cut(text), &mut glyphs);
        let words = fold::words(&glyphs);
        let mut terms: Vec<Term> = Vec::new();
        for (place, word) in words.iter().enumerate().take(MOST_WORDS) {
            let mut text = String::new();
            fold::push_word(&mut text, &glyphs, word);
            let last = place + 1 == words.len();
            // Nothing but apostrophes is nothing that can be looked for.
            if text.is_empty() {
                continue;
            }
            if word.wide {
                terms.extend(pairs(&text));
            } else {
                terms.push(Term {
                    text,
                    open: last,
                    wide: false,
                });
            }
        }
        let mut seen = Vec::new();
        terms.retain(|term| {
            let new = !seen.contains(&term.text) || term.open;
            seen.push(term.text.clone());
            new
        });
        terms.truncate(MOST_TERMS);
        Self {
            name: key(&glyphs, &words),
            terms,
        }
    }
}

/// The pairs of a run of characters; one that stands alone may begin a pair.
fn pairs(run: &str) -> Vec<Term> {
    let chars: Vec<char> = run.chars().collect();
    let term = |chars: &[char]| Term {
        text: chars.iter().collect(),
        open: chars.len() == 1,
        wide: true,
    };
    chars
        .chunks(1)
        .filter(|_| chars.len() == 1)
        .chain(chars.windows(2))
        .map(term)
        .collect()
}

impl Term {
    /// Whether a word of the dictionary matches, and with how many edits; a beginning is half an
    /// edit, so all numbers are doubled.
    pub(super) fn distance(&self, word: &str, closeness: Closeness) -> Option<usize> {
        if word == self.text {
            return Some(0);
        }
        if self.may_begin(closeness) && word.starts_with(&self.text) {
            return Some(1);
        }
        if self.wide || !typo::can_be_misspelt(&self.text) || word.starts_with(is_wide) {
            return None;
        }
        let edits = typo::edits(&self.text, word).filter(|edits| *edits <= closeness.edits());
        edits.map(|edits| 2 * edits)
    }

    pub(super) fn letters(&self) -> usize {
        self.text.chars().count()
    }

    /// Whether it says enough to be looked for in more than names.
    pub(super) fn is_telling(&self) -> bool {
        self.wide || !self.open || self.letters() > 2
    }

    fn may_begin(&self, closeness: Closeness) -> bool {
        let begins = closeness >= Closeness::Begun && self.text.chars().nth(1).is_some();
        self.open || begins && !self.wide
    }

    /// The words of a segment that match at some closeness and at none before it, the nearest
    /// first; `like` keeps those that resemble this one.
    pub(super) fn words(
        &self,
        segment: &Segment,
        closeness: Closeness,
        like: &OnceCell<Vec<(usize, usize)>>,
    ) -> Vec<Range<usize>> {
        match closeness {
            Closeness::Typed if self.open => vec![segment.words_beginning(&self.text)],
            Closeness::Typed => {
                let word = segment.word(&self.text);
                word.map(|word| word..word + 1).into_iter().collect()
            }
            Closeness::Begun if self.may_begin(closeness) && !self.open => {
                vec![segment.words_beginning(&self.text)]
            }
            Closeness::OneEdit | Closeness::TwoEdits if !self.wide => {
                let like = like.get_or_init(|| segment.words_like(&self.text));
                let added = like.iter().filter(|(_, edits)| *edits == closeness.edits());
                added.map(|(word, _)| *word..word + 1).collect()
            }
            _ => Vec::new(),
        }
    }
}
