//! From texts to terms. A word becomes one term, and more where people type it in other ways; a run
//! of characters of a script without spaces becomes bigrams.

use std::ops::Range;

use common::models::{Catalogue, Credits, Facts, Item, Kind};
use text_folding::{
    FoldedChar, Token, fold, is_apostrophe, is_letter, push_token, tokenise, truncated, whole_name,
};

use crate::results::SearchField;

/// Characters of a synopsis that are searched.
const MAX_SYNOPSIS_CHARS: usize = 2_000;
/// The shortest part of a word with an apostrophe that is a term: `howl` of `howl's`.
const MIN_PART_CHARS: usize = 3;

/// The terms and names of an item.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnalysedItem {
    /// The concatenated terms.
    text: String,
    ends: Vec<(usize, TermSource)>,
}

/// Where a term is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TermSource {
    /// A whole name: its words joined by spaces.
    WholeName,
    /// A word of a name.
    Name,
    /// A word of a related text: a movie's directors, producers, people, locations and vehicles.
    Related,
    /// A word of a synopsis.
    Synopsis,
}

/// Buffers for folding, reused from text to text.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    folded: Vec<FoldedChar>,
    term: String,
}

impl AnalysedItem {
    pub(crate) fn of(
        item: &Item,
        catalogue: &Catalogue,
        with_synopsis: bool,
        scratch: &mut Scratch,
    ) -> Self {
        let mut analysed = Self::default();
        for_each_field(item, catalogue, |field, text| {
            if with_synopsis || field != SearchField::Synopsis {
                analysed.add(field, text, scratch);
            }
        });
        analysed
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Adds the text of a field.
    pub(crate) fn add(&mut self, field: SearchField, text: &str, scratch: &mut Scratch) {
        let Scratch { folded, term } = scratch;
        fold(searched_part(field, text), folded);
        let tokens = tokenise(folded);
        let source = if field.is_name() {
            let start = self.text.len();
            whole_name(&mut self.text, folded, &tokens);
            if self.text.len() > start {
                self.ends.push((self.text.len(), TermSource::WholeName));
            }
            TermSource::Name
        } else if field == SearchField::Synopsis {
            TermSource::Synopsis
        } else {
            TermSource::Related
        };
        for_each_term(folded, &tokens, term, |term, _| self.push(term, source));
    }

    fn push(&mut self, term: &str, source: TermSource) {
        if !term.is_empty() {
            self.text.push_str(term);
            self.ends.push((self.text.len(), source));
        }
    }

    pub(crate) fn terms(&self) -> impl Iterator<Item = (TermSource, &str)> {
        let mut start = 0;
        self.ends.iter().filter_map(move |(end, source)| {
            let term = self.text.get(start..*end);
            start = *end;
            term.map(|term| (*source, term))
        })
    }
}

/// The start of a field's text that is searched.
pub(crate) fn searched_part(field: SearchField, text: &str) -> &str {
    if field != SearchField::Synopsis {
        return truncated(text);
    }
    let end = text.char_indices().nth(MAX_SYNOPSIS_CHARS);
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// The texts of an item that are searched, the most important field first.
pub(crate) fn for_each_field<'a>(
    item: &'a Item,
    catalogue: &'a Catalogue,
    mut visit: impl FnMut(SearchField, &'a str),
) {
    let Facts::Movie(movie) = &item.facts else {
        visit(SearchField::Name, item.name());
        return;
    };
    for (field, text) in credit_fields(&movie.credits()) {
        visit(field, text);
    }
    let linked = [
        (SearchField::Person, Kind::Person, &movie.people),
        (SearchField::Location, Kind::Location, &movie.locations),
        (SearchField::Vehicle, Kind::Vehicle, &movie.vehicles),
    ];
    for (field, kind, ids) in linked {
        for id in ids {
            if let Some(name) = catalogue.name(kind, id) {
                visit(field, name);
            }
        }
    }
    if let Some(synopsis) = &movie.description {
        visit(SearchField::Synopsis, synopsis);
    }
}

/// The texts of a movie's own fields.
pub(crate) fn credit_fields<'a>(
    credits: &Credits<'a>,
) -> impl Iterator<Item = (SearchField, &'a str)> + use<'a> {
    let fields = [
        (SearchField::Name, Some(credits.title)),
        (SearchField::OriginalTitle, credits.original_title),
        (
            SearchField::RomanisedTitle,
            credits.original_title_romanised,
        ),
        (SearchField::Director, credits.director),
        (SearchField::Producer, credits.producer),
    ];
    let fields = fields.into_iter();
    fields.filter_map(|(field, text)| Some((field, text?)))
}

/// The terms of a text, each with the range of folded characters that it comes from. `term` is a
/// buffer.
pub(crate) fn for_each_term(
    folded: &[FoldedChar],
    tokens: &[Token],
    term: &mut String,
    mut emit: impl FnMut(&str, Range<usize>),
) {
    let mut compound = String::new();
    let mut compound_start = 0;
    for (place, token) in tokens.iter().enumerate() {
        let chars = &folded[token.chars.clone()];
        let start = token.chars.start;
        if token.is_unspaced {
            for_each_bigram(chars, start, term, &mut emit);
            continue;
        }
        if !token.is_joined {
            compound.clear();
            compound_start = start;
        }
        let word_start = compound.len();
        push_token(&mut compound, folded, token);
        emit(&compound[word_start..], token.chars.clone());
        if token.has_signs {
            for_each_initial(chars, start, term, &mut emit);
        } else if chars.iter().any(|c| is_apostrophe(c.char)) {
            for_each_part(chars, start, term, &mut emit);
        }
        if chars.iter().any(|c| c.is_long) {
            for_each_spelling(chars, term, |term| emit(term, token.chars.clone()));
        }
        let is_last = !tokens.get(place + 1).is_some_and(|next| next.is_joined);
        if token.is_joined && is_last {
            emit(&compound, compound_start..token.chars.end);
        }
    }
}

/// Each two consecutive characters, and the last one alone.
fn for_each_bigram(
    chars: &[FoldedChar],
    start: usize,
    term: &mut String,
    mut emit: impl FnMut(&str, Range<usize>),
) {
    let pairs = chars.windows(2);
    let last = chars.last().map(std::slice::from_ref);
    for (place, bigram) in pairs.chain(last).enumerate() {
        term.clear();
        term.extend(bigram.iter().map(|c| c.char));
        emit(term, start + place..start + place + bigram.len());
    }
}

/// The parts of a word between its apostrophes.
fn for_each_part(
    chars: &[FoldedChar],
    mut start: usize,
    term: &mut String,
    mut emit: impl FnMut(&str, Range<usize>),
) {
    for part in chars.split(|c| is_apostrophe(c.char)) {
        if part.len() >= MIN_PART_CHARS {
            term.clear();
            term.extend(part.iter().map(|c| c.char));
            emit(term, start..start + part.len());
        }
        start += part.len() + 1;
    }
}

/// Each letter of some initials.
fn for_each_initial(
    chars: &[FoldedChar],
    start: usize,
    term: &mut String,
    mut emit: impl FnMut(&str, Range<usize>),
) {
    for (at, letter) in (start..).zip(chars).filter(|(_, c)| is_letter(c.char)) {
        term.clear();
        term.push(letter.char);
        emit(term, at..at + 1);
    }
}

/// Romanised spellings of a word with long vowels: `tenkuu` and `houhokekyo` for `tenkū` and
/// `hōhokekyo`. A vowel is doubled, or followed by the letter that Japanese writes.
fn for_each_spelling(chars: &[FoldedChar], term: &mut String, mut emit: impl FnMut(&str)) {
    let doubled = |c: char| c;
    let as_in_kana = |c: char| match c {
        'o' => 'u',
        'e' => 'i',
        other => other,
    };
    let seconds: [fn(char) -> char; 2] = [doubled, as_in_kana];
    for second in seconds {
        term.clear();
        for c in chars {
            if !is_apostrophe(c.char) {
                term.push(c.char);
            }
            if c.is_long {
                term.push(second(c.char));
            }
        }
        emit(term);
    }
}
