use std::cell::OnceCell;
use std::ops::Range;

use text_folding::{
    FoldedChar, Token, fold, is_unspaced, push_token, tokenise, truncated, whole_name,
};

use crate::fuzzy;
use crate::segment::Segment;

/// Maximum number of words of a query.
const MAX_WORDS: usize = 8;
/// Maximum number of terms of a query, bigrams included.
const MAX_TERMS: usize = 16;

/// A folded query.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParsedQuery {
    /// The whole text, in the form of a folded name.
    pub(crate) name: String,
    pub(crate) terms: Vec<QueryTerm>,
}

/// A word or a bigram of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueryTerm {
    pub(crate) text: String,
    /// Whether it may be the unfinished beginning of a word, so that longer words match exactly.
    pub(crate) is_unfinished: bool,
    /// Whether its script has no spaces between words, so that it is a bigram.
    pub(crate) is_unspaced: bool,
}

/// How well a word must match. Each level includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MatchLevel {
    /// As typed.
    Exact,
    /// As the beginning of a word.
    Prefix,
    /// With this many typing errors.
    Fuzzy(usize),
}

impl MatchLevel {
    /// All levels, the best first.
    pub(crate) const ALL: [Self; 4] = [Self::Exact, Self::Prefix, Self::Fuzzy(1), Self::WORST];
    pub(crate) const WORST: Self = Self::Fuzzy(2);

    const fn max_edits(self) -> usize {
        match self {
            Self::Exact | Self::Prefix => 0,
            Self::Fuzzy(edits) => edits,
        }
    }
}

impl ParsedQuery {
    pub(crate) fn of(text: &str) -> Self {
        let mut folded = Vec::new();
        fold(truncated(text), &mut folded);
        Self::of_tokens(&folded, &tokenise(&folded))
    }

    /// The query with words that a sign joins as one: `spiderman` for `spider-man`. `None` if it has
    /// no such words.
    pub(crate) fn with_compounds(text: &str) -> Option<Self> {
        let mut folded = Vec::new();
        fold(truncated(text), &mut folded);
        let tokens = tokenise(&folded);
        let mut compounds: Vec<Token> = Vec::new();
        for token in &tokens {
            match compounds.last_mut() {
                Some(before) if token.is_joined => before.join(token),
                _ => compounds.push(token.clone()),
            }
        }
        let has_any = compounds.len() < tokens.len();
        has_any.then(|| Self::of_tokens(&folded, &compounds))
    }

    fn of_tokens(folded: &[FoldedChar], tokens: &[Token]) -> Self {
        let mut terms: Vec<QueryTerm> = Vec::new();
        for (place, token) in tokens.iter().enumerate().take(MAX_WORDS) {
            let mut text = String::new();
            push_token(&mut text, folded, token);
            // A token of nothing but apostrophes has no term.
            if text.is_empty() {
                continue;
            }
            if token.is_unspaced {
                terms.extend(bigrams(&text));
            } else {
                terms.push(QueryTerm {
                    text,
                    is_unfinished: place + 1 == tokens.len(),
                    is_unspaced: false,
                });
            }
        }
        let mut seen = Vec::new();
        terms.retain(|term| {
            let is_new = !seen.contains(&term.text) || term.is_unfinished;
            seen.push(term.text.clone());
            is_new
        });
        terms.truncate(MAX_TERMS);
        let mut name = String::new();
        whole_name(&mut name, folded, tokens);
        Self { name, terms }
    }
}

/// The bigrams of a run of characters. A lone character may begin a bigram.
fn bigrams(run: &str) -> Vec<QueryTerm> {
    let chars: Vec<char> = run.chars().collect();
    let is_lone = chars.len() == 1;
    let size = if is_lone { 1 } else { 2 };
    let term = |chars: &[char]| QueryTerm {
        text: chars.iter().collect(),
        is_unfinished: is_lone,
        is_unspaced: true,
    };
    chars.windows(size).map(term).collect()
}

impl QueryTerm {
    /// The distance to a word of the dictionary, if it matches: twice the number of edits, and 1
    /// for a prefix.
    pub(crate) fn distance(&self, word: &str, level: MatchLevel) -> Option<usize> {
        if word == self.text {
            return Some(0);
        }
        if self.may_be_prefix(level) && word.starts_with(&self.text) {
            return Some(1);
        }
        if self.is_unspaced || !fuzzy::allows_edits(&self.text) || word.starts_with(is_unspaced) {
            return None;
        }
        let edits = fuzzy::edits(&self.text, word).filter(|edits| *edits <= level.max_edits());
        edits.map(|edits| 2 * edits)
    }

    pub(crate) fn char_count(&self) -> usize {
        self.text.chars().count()
    }

    /// Whether it is specific enough to be searched in related texts as well as in names.
    pub(crate) fn is_specific(&self) -> bool {
        self.is_unspaced || !self.is_unfinished || self.char_count() > 2
    }

    fn may_be_prefix(&self, level: MatchLevel) -> bool {
        let is_long_enough = self.text.chars().nth(1).is_some();
        self.is_unfinished || level >= MatchLevel::Prefix && is_long_enough && !self.is_unspaced
    }

    /// The words of a segment that match at a level and at none before it, the nearest first.
    /// `similar` caches the similar words from level to level.
    pub(crate) fn words(
        &self,
        segment: &Segment,
        level: MatchLevel,
        similar: &OnceCell<Vec<(usize, usize)>>,
    ) -> Vec<Range<usize>> {
        match level {
            MatchLevel::Exact if self.is_unfinished => vec![segment.prefix_range(&self.text)],
            MatchLevel::Exact => {
                let word = segment.find_term(&self.text);
                word.map(|word| word..word + 1).into_iter().collect()
            }
            MatchLevel::Prefix if self.may_be_prefix(level) && !self.is_unfinished => {
                vec![segment.prefix_range(&self.text)]
            }
            MatchLevel::Fuzzy(edits) if !self.is_unspaced => {
                let similar = similar.get_or_init(|| segment.similar_words(&self.text));
                let added = similar.iter().filter(|(_, other)| *other == edits);
                added.map(|(word, _)| *word..word + 1).collect()
            }
            _ => Vec::new(),
        }
    }
}
