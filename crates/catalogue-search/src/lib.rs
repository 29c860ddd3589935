#![doc = include_str!("../README.md")]

mod asked;
mod bits;
mod entry;
mod find;
mod fold;
mod layer;
mod matched;
mod segment;
mod sorted;
mod terms;
mod typo;
mod whole;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::ops::Range;

use common::models::Kind;

pub use layer::{Search, touched};

/// The most hits that one question gives.
pub const MOST_HITS: usize = 250;
/// How far into the hits a question can look.
pub const FURTHEST: usize = 10_000;

/// What is looked for.
///
/// Of the text, the first 512 characters count, and of them the first 8 words; of words in a
/// script without spaces the first 16 pairs of characters. The rest is ignored.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What somebody typed; the last word may be unfinished.
    pub text: &'a str,
    /// The kinds that are looked for; none means all.
    pub kinds: &'a [Kind],
    /// How many hits are wanted, at most [`MOST_HITS`].
    pub limit: usize,
    /// How many hits come before them, at most [`FURTHEST`].
    pub offset: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many hits there are of each kind, in the order of [`Kind::ALL`].
    pub totals: [usize; 5],
    /// Those that were asked for, the best first.
    pub hits: Vec<Hit>,
    /// The question as it was probably meant, where nothing matches it as it was typed.
    pub meant: Option<String>,
}

impl Found {
    /// How many hits there are of all kinds.
    pub fn total(&self) -> usize {
        self.totals.iter().sum()
    }
}

/// An item that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The item's number.
    pub number: u32,
    /// Its kind.
    pub kind: Kind,
    /// Where it matches, the best field first; together they have every word that was found.
    pub matched: Vec<Matched>,
}

/// A text that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// What the text is.
    pub field: Field,
    /// The text as the catalogue has it.
    pub text: String,
    /// The parts of it that match: ranges of bytes on character boundaries, in order, apart.
    pub spans: Vec<Range<usize>>,
}

/// A text by which an item is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The title of a movie, the name of anything else.
    Name,
    /// A movie's title in its own script.
    OriginalTitle,
    /// A movie's original title in Latin letters.
    RomanisedTitle,
    /// Who directed a movie.
    Director,
    /// Who produced a movie.
    Producer,
    /// The name of a person in a movie.
    Person,
    /// The name of a place in a movie.
    Location,
    /// The name of a vehicle in a movie.
    Vehicle,
}

impl Field {
    /// Whether it is a name of the item itself.
    pub(crate) const fn is_name(self) -> bool {
        matches!(
            self,
            Self::Name | Self::OriginalTitle | Self::RomanisedTitle
        )
    }

    /// The word for it in the API, as the item's own field is called there.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::OriginalTitle => "original_title",
            Self::RomanisedTitle => "original_title_romanised",
            Self::Director => "director",
            Self::Producer => "producer",
            Self::Person => "people",
            Self::Location => "locations",
            Self::Vehicle => "vehicles",
        }
    }
}

/// A name that completes what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The item's number.
    pub number: u32,
    /// Its kind.
    pub kind: Kind,
    /// The name: the one that matches, if it is one of the item's own.
    pub text: String,
}
