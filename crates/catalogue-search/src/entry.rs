use std::ops::Range;

use common::models::{Catalogue, Credits, Facts, Item, Kind};

use super::Field;
use super::fold::{self, Glyph, Word};

/// The most characters of a name, or of a question, that are looked at.
pub(super) const LONGEST: usize = 512;
/// The shortest part of a word with an apostrophe that is found alone: `howl` of `howl's`.
const SHORTEST_PART: usize = 3;

/// What of an item can be found, folded.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    text: String,
    ends: Vec<(usize, Part)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A whole name: its words with spaces between them.
    Name,
    /// A word of a name.
    Word,
    /// A word of what stands beside: who made a movie, who and what is in it.
    Beside,
}

/// The room that folding needs, kept from text to text.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    glyphs: Vec<Glyph>,
    term: String,
}

impl Entry {
    pub(super) fn of(item: &Item, catalogue: &Catalogue, scratch: &mut Scratch) -> Self {
        let mut entry = Self::default();
        each_field(item, catalogue, |field, text| {
            entry.add(field.is_name(), text, scratch);
        });
        entry
    }

    /// Makes it the entry of nothing.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Adds a name, or a text beside it.
    pub(super) fn add(&mut self, is_name: bool, text: &str, scratch: &mut Scratch) {
        let Scratch { glyphs, term } = scratch;
        fold::fold(cut(text), glyphs);
        let words = fold::words(glyphs);
        let part = if is_name {
            let from = self.text.len();
            push_key(&mut self.text, glyphs, &words);
            if self.text.len() > from {
                self.ends.push((self.text.len(), Part::Name));
            }
            Part::Word
        } else {
            Part::Beside
        };
        each_term(glyphs, &words, term, |term, _| self.push(term, part));
    }

    fn push(&mut self, text: &str, part: Part) {
        if !text.is_empty() {
            self.text.push_str(text);
            self.ends.push((self.text.len(), part));
        }
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = (Part, &str)> {
        let mut from = 0;
        self.ends.iter().filter_map(move |(end, part)| {
            let text = self.text.get(from..*end);
            from = *end;
            text.map(|text| (*part, text))
        })
    }
}

/// The texts by which an item is found, in the order in which a match is told.
pub(super) fn each_field<'a>(
    item: &'a Item,
    catalogue: &'a Catalogue,
    mut visit: impl FnMut(Field, &'a str),
) {
    let Facts::Movie(movie) = &item.facts else {
        visit(Field::Name, item.name());
        return;
    };
    for (field, text) in own_fields(&movie.credits()) {
        visit(field, text);
    }
    let linked = [
        (Field::Person, Kind::Person, &movie.people),
        (Field::Location, Kind::Location, &movie.locations),
        (Field::Vehicle, Kind::Vehicle, &movie.vehicles),
    ];
    for (field, kind, ids) in linked {
        for id in ids {
            if let Some(name) = catalogue.name(kind, id) {
                visit(field, name);
            }
        }
    }
}

/// The texts by which a movie is found that are its own.
pub(super) fn own_fields<'a>(
    credits: &Credits<'a>,
) -> impl Iterator<Item = (Field, &'a str)> + use<'a> {
    let fields = [
        (Field::Name, Some(credits.title)),
        (Field::OriginalTitle, credits.original_title),
        (Field::RomanisedTitle, credits.original_title_romanised),
        (Field::Director, credits.director),
        (Field::Producer, credits.producer),
    ];
    let fields = fields.into_iter();
    fields.filter_map(|(field, text)| Some((field, text?)))
}

/// The start of a text that is looked at.
pub(super) fn cut(text: &str) -> &str {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// The whole of a text, folded, with one space between words.
pub(super) fn key(glyphs: &[Glyph], words: &[Word]) -> String {
    let mut key = String::new();
    push_key(&mut key, glyphs, words);
    key
}

fn push_key(key: &mut String, glyphs: &[Glyph], words: &[Word]) {
    let from = key.len();
    for word in words {
        if key.len() > from {
            key.push(' ');
        }
        fold::push_word(key, glyphs, word);
    }
}

/// The terms under which a text is found, each with the glyphs that it is made of.
pub(super) fn each_term(
    glyphs: &[Glyph],
    words: &[Word],
    term: &mut String,
    mut emit: impl FnMut(&str, Range<usize>),
) {
    let mut compound = String::new();
    let mut compound_from = 0;
    for (place, word) in words.iter().enumerate() {
        let own = &glyphs[word.glyphs.clone()];
        let from = word.glyphs.start;
        if word.wide {
            each_pair(own, from, term, &mut emit);
            continue;
        }
        if !word.joined {
            compound.clear();
            compound_from = from;
        }
        let plain = compound.len();
        fold::push_word(&mut compound, glyphs, word);
        emit(&compound[plain..], word.glyphs.clone());
        if own.iter().any(|glyph| fold::is_apostrophe(glyph.char)) {
            each_part(own, from, term, &mut emit);
        }
        if own.iter().any(|glyph| glyph.long) {
            each_spelling(own, term, |term| emit(term, word.glyphs.clone()));
        }
        let ends = !words.get(place + 1).is_some_and(|next| next.joined);
        if word.joined && ends {
            emit(&compound, compound_from..word.glyphs.end);
        }
    }
}

/// Each two characters that follow each other, and the last one alone.
fn each_pair(
    glyphs: &[Glyph],
    from: usize,
    term: &mut String,
    mut emit: impl FnMut(&str, Range<usize>),
) {
    let pairs = glyphs.windows(2);
    let last = glyphs.last().map(std::slice::from_ref);
    for (place, pair) in pairs.chain(last).enumerate() {
        term.clear();
        term.extend(pair.iter().map(|glyph| glyph.char));
        emit(term, from + place..from + place + pair.len());
    }
}

/// The parts of a word between its apostrophes.
fn each_part(
    glyphs: &[Glyph],
    mut from: usize,
    term: &mut String,
    mut emit: impl FnMut(&str, Range<usize>),
) {
    for part in glyphs.split(|glyph| fold::is_apostrophe(glyph.char)) {
        if part.len() >= SHORTEST_PART {
            term.clear();
            term.extend(part.iter().map(|glyph| glyph.char));
            emit(term, from..from + part.len());
        }
        from += part.len() + 1;
    }
}

/// A word with long vowels as people type it: doubled, or with the letter that Japanese writes.
fn each_spelling(glyphs: &[Glyph], term: &mut String, mut emit: impl FnMut(&str)) {
    let doubled = |c: char| c;
    let written = |c: char| match c {
        'o' => 'u',
        'e' => 'i',
        other => other,
    };
    let seconds: [fn(char) -> char; 2] = [doubled, written];
    for second in seconds {
        term.clear();
        for glyph in glyphs {
            if !fold::is_apostrophe(glyph.char) {
                term.push(glyph.char);
            }
            if glyph.long {
                term.push(second(glyph.char));
            }
        }
        emit(term);
    }
}
