//! `_page`, `_start`, `_end` and `_limit`: which part of the list is wanted.

use std::ops::Range;

use super::js_value::{leading_integer, number_text};
use super::params::Params;

const DEFAULT_PAGE_SIZE: f64 = 10.0;

/// The part of a list.
#[derive(Debug, PartialEq)]
pub(super) enum Slice {
    All,
    Between { start: f64, end: f64 },
    Page { number: f64, size: f64 },
}

impl Slice {
    pub(super) fn read(params: &Params) -> Self {
        let given = |name| params.get(name).filter(|given| !given.is_empty());
        let integer = |name| given(name).and_then(|given| leading_integer(&given.into_text()));
        let or =
            |number: Option<f64>, other| number.filter(|number| *number != 0.0).unwrap_or(other);
        let start = or(integer("_start"), 0.0);
        if given("_page").is_some() {
            let number = integer("_page").filter(|number| *number >= 1.0);
            Self::Page {
                number: number.unwrap_or(1.0),
                size: or(integer("_limit"), DEFAULT_PAGE_SIZE),
            }
        } else if given("_end").is_some() {
            let end = integer("_end").unwrap_or_default();
            Self::Between { start, end }
        } else if given("_limit").is_some() {
            let end = integer("_limit").map_or(0.0, |limit| start + limit);
            Self::Between { start, end }
        } else {
            Self::All
        }
    }

    /// The places in a list of so many.
    pub(super) fn of(&self, total: usize) -> Range<usize> {
        let (start, end) = match self {
            Self::All => return 0..total,
            Self::Between { start, end } => (*start, *end),
            Self::Page { number, size } => ((number - 1.0) * size, number * size),
        };
        let (start, end) = (place(start, total), place(end, total));
        start..end.max(start)
    }

    /// The addresses of other pages, as a `Link` header lists them: `asked` with another number.
    pub(super) fn links(&self, asked: &str, total: usize) -> Option<String> {
        let Self::Page { number, size } = self else {
            return None;
        };
        let places = self.of(total);
        if places.is_empty() {
            return Some(String::new());
        }
        #[expect(clippy::cast_precision_loss, reason = "no list is longer than 2^53")]
        let total_number = total as f64;
        let is_part = places.len() != total;
        let links = [
            ("first", is_part.then_some(1.0)),
            ("prev", (*number > 1.0).then_some(number - 1.0)),
            (
                "next",
                (number * size < total_number).then_some(number + 1.0),
            ),
            (
                "last",
                is_part
                    .then(|| (total_number / size).ceil())
                    .filter(|last| *last != 0.0),
            ),
        ];
        let current = format!("page={}", number_text(*number));
        let links = links.into_iter().filter_map(|(rel, page)| {
            let page = format!("page={}", number_text(page?));
            Some(format!(
                "<{}>; rel=\"{rel}\"",
                asked.replacen(&current, &page, 1)
            ))
        });
        Some(links.collect::<Vec<_>>().join(", "))
    }
}

/// A place in a list of so many; a negative one counts from the end.
fn place(number: f64, total: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast stops at the ends, and the sign is looked at"
    )]
    let size = number.abs() as usize;
    if number < 0.0 {
        total.saturating_sub(size)
    } else {
        size.min(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(query: &str) -> Slice {
        Slice::read(&Params::read(query).unwrap())
    }

    #[test]
    fn each_way_of_asking_for_a_part_gives_that_part() {
        for (query, expected) in [
            ("", 0..22),
            ("_start=5", 0..22),
            ("_limit=2", 0..2),
            ("_limit=0", 0..0),
            ("_limit=", 0..22),
            ("_limit=abc", 0..0),
            ("_limit=-1", 0..21),
            ("_start=1&_limit=2", 1..3),
            ("_start=-3&_limit=2", 19..21),
            ("_start=-2&_limit=2", 20..20),
            ("_start=1&_end=3", 1..3),
            ("_start=4&_end=3", 4..4),
            ("_end=-20", 0..2),
            ("_end=5&_limit=2", 0..5),
            ("_end=99", 0..22),
            ("_page=2", 10..20),
            ("_page=2&_limit=3", 3..6),
            ("_page=2&_limit=0", 10..20),
            ("_page=8&_limit=3", 21..22),
            ("_page=9&_limit=3", 22..22),
            ("_page=abc&_limit=3", 0..3),
            ("_page=-1&_limit=3", 0..3),
            ("_page=2&_limit=3&_start=9&_end=10", 3..6),
            ("_page=1&_limit=-5", 0..17),
            ("_page=9999999999999999999999", 22..22),
            ("_limit=2&_limit=3", 0..2),
            ("_limit[a]=2", 0..0),
        ] {
            assert_eq!(slice(query).of(22), expected, "{query}");
        }
    }

    #[test]
    fn links_change_the_first_page_number_of_the_address() {
        let links = |query: &str| slice(query).links(&format!("/films?{query}"), 22);
        assert_eq!(links("_limit=3"), None);
        assert_eq!(links("_page=99&_limit=3").as_deref(), Some(""));
        assert_eq!(links("_page=1&_limit=50").as_deref(), Some(""));
        assert_eq!(
            links("_page=8&_limit=3").as_deref(),
            Some(
                "</films?_page=1&_limit=3>; rel=\"first\", </films?_page=7&_limit=3>; \
                 rel=\"prev\", </films?_page=8&_limit=3>; rel=\"last\""
            )
        );
        let unchanged = links("_page=02&_limit=20").unwrap();
        assert!(unchanged.contains("</films?_page=02&_limit=20>; rel=\"prev\""));
    }
}
