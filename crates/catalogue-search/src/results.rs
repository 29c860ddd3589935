use std::ops::Range;

use common::models::{Kind, Number};

/// Maximum number of hits of one query.
pub(crate) const MAX_HITS: usize = 250;
/// Maximum offset of a query.
pub const MAX_OFFSET: usize = 10_000;

/// A query.
///
/// Of the text, the first 512 characters count, and of those the first 8 words; in a script without
/// spaces the first 16 bigrams. The rest is ignored.
#[derive(Clone, Copy, Debug)]
pub struct SearchQuery<'a> {
    /// The text as typed; the last word may be unfinished.
    pub text: &'a str,
    /// The kinds to search; empty for all.
    pub kinds: &'a [Kind],
    /// Maximum number of hits; more than 250 count as 250.
    pub limit: usize,
    /// Hits to skip, at most [`MAX_OFFSET`].
    pub offset: usize,
}

/// The results of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchResults {
    /// The total number of hits of each kind, in the order of [`Kind::ALL`].
    pub totals: [usize; 5],
    /// The requested hits, the best first.
    pub hits: Vec<Hit>,
    /// A suggested spelling, if nothing matches the query as typed.
    pub did_you_mean: Option<String>,
}

impl SearchResults {
    /// The total number of hits.
    pub fn total(&self) -> usize {
        self.totals.iter().sum()
    }
}

/// An item that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The item's number.
    pub number: Number,
    /// Its kind.
    pub kind: Kind,
    /// The matching fields, the best first. Together they have every term that was found.
    pub matches: Vec<FieldMatch>,
}

/// A field that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldMatch {
    /// The field.
    pub field: SearchField,
    /// Its text as written; of a synopsis an excerpt.
    pub text: String,
    /// The matching parts of the text: byte ranges on character boundaries, ascending and disjoint.
    pub spans: Vec<Range<usize>>,
}

impl FieldMatch {
    /// The text split into parts, none of them empty, each with whether it matches.
    pub fn parts(&self) -> impl Iterator<Item = (&str, bool)> {
        let mut end = 0;
        let parts = self.spans.iter().flat_map(move |span| {
            let gap = end..span.start;
            end = span.end;
            [(gap, false), (span.clone(), true)]
        });
        let last = self.spans.last().map_or(0, |span| span.end);
        let parts = parts.chain([(last..self.text.len(), false)]);
        parts.filter_map(|(range, is_match)| {
            let text = self.text.get(range).filter(|text| !text.is_empty())?;
            Some((text, is_match))
        })
    }
}

/// A field that is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SearchField {
    /// The title of a movie, the name of any other item.
    Name,
    /// A movie's title in its own script.
    OriginalTitle,
    /// A movie's original title in Latin letters.
    RomanisedTitle,
    /// A movie's directors.
    Director,
    /// A movie's producers.
    Producer,
    /// The name of a person in a movie.
    Person,
    /// The name of a location in a movie.
    Location,
    /// The name of a vehicle in a movie.
    Vehicle,
    /// A movie's synopsis.
    Synopsis,
}

impl SearchField {
    /// Whether it is a name of the item itself.
    pub(crate) const fn is_name(self) -> bool {
        matches!(
            self,
            Self::Name | Self::OriginalTitle | Self::RomanisedTitle
        )
    }

    /// The item's property that the text is from, in snake case.
    pub const fn property(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::OriginalTitle => "original_title",
            Self::RomanisedTitle => "original_title_romanised",
            Self::Director => "director",
            Self::Producer => "producer",
            Self::Person => "people",
            Self::Location => "locations",
            Self::Vehicle => "vehicles",
            Self::Synopsis => "description",
        }
    }
}

/// A name that completes a typed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The item's number.
    pub number: Number,
    /// Its kind.
    pub kind: Kind,
    /// The item's name, in the spelling or script that matches.
    pub text: String,
    /// Whether a name matches, and not only another field.
    pub is_name: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_up_the_whole_text() {
        let marked = |text: &str, spans: &[Range<usize>]| -> String {
            let found = FieldMatch {
                field: SearchField::Name,
                text: text.into(),
                spans: spans.into(),
            };
            let parts = found.parts().map(|(text, is_match)| match is_match {
                true => format!("[{text}]"),
                false => text.to_owned(),
            });
            parts.collect()
        };
        let totoro = std::slice::from_ref(&(12..21));
        assert_eq!(marked("となりのトトロ", totoro), "となりの[トトロ]");
        assert_eq!(marked("My Neighbor", &[0..2, 3..11]), "[My] [Neighbor]");
        assert_eq!(marked("", &[]), "");
    }
}
