//! `_page`, `_start`, `_end` and `_limit`: the requested part of the list.

use std::ops::Range;

use super::js_value::{format_number, parse_int};
use super::params::Params;

const DEFAULT_PAGE_SIZE: f64 = 10.0;

/// The requested part of a list.
#[derive(Debug, PartialEq)]
pub(super) enum Slice {
    All,
    Between { start: f64, end: f64 },
    Page { number: f64, size: f64 },
}

impl Slice {
    pub(super) fn parse(params: &Params) -> Self {
        let param = |name| params.get(name).filter(|param| !param.is_empty());
        let integer = |name| param(name).and_then(|param| parse_int(&param.into_string()));
        // As in JavaScript, 0 and NaN count as not given.
        let or = |number: Option<f64>, default| {
            number.filter(|number| *number != 0.0).unwrap_or(default)
        };
        let start = or(integer("_start"), 0.0);
        if param("_page").is_some() {
            let number = integer("_page").filter(|number| *number >= 1.0);
            Self::Page {
                number: number.unwrap_or(1.0),
                size: or(integer("_limit"), DEFAULT_PAGE_SIZE),
            }
        } else if param("_end").is_some() {
            let end = integer("_end").unwrap_or_default();
            Self::Between { start, end }
        } else if param("_limit").is_some() {
            let end = integer("_limit").map_or(0.0, |limit| start + limit);
            Self::Between { start, end }
        } else {
            Self::All
        }
    }

    /// The range in a list of `total` elements.
    pub(super) fn range(&self, total: usize) -> Range<usize> {
        let (start, end) = match self {
            Self::All => return 0..total,
            Self::Between { start, end } => (*start, *end),
            Self::Page { number, size } => ((number - 1.0) * size, number * size),
        };
        let (start, end) = (clamp_index(start, total), clamp_index(end, total));
        start..end.max(start)
    }

    /// A `Link` header with the URLs of other pages: `url` with other page numbers.
    pub(super) fn link_header(&self, url: &str, total: usize) -> Option<String> {
        let Self::Page { number, size } = self else {
            return None;
        };
        let range = self.range(total);
        if range.is_empty() {
            return Some(String::new());
        }
        #[expect(clippy::cast_precision_loss, reason = "no list is longer than 2^53")]
        let total_number = total as f64;
        let is_part = range.len() != total;
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
        let current = format!("page={}", format_number(*number));
        let links = links.into_iter().filter_map(|(rel, page)| {
            let page = format!("page={}", format_number(page?));
            Some(format!(
                "<{}>; rel=\"{rel}\"",
                url.replacen(&current, &page, 1)
            ))
        });
        Some(links.collect::<Vec<_>>().join(", "))
    }
}

/// An index into a list of `total` elements; a negative one counts from the end.
fn clamp_index(number: f64, total: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and the sign is handled below"
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
        Slice::parse(&Params::parse(query).unwrap())
    }

    #[test]
    fn parameters_select_a_range() {
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
            assert_eq!(slice(query).range(22), expected, "{query}");
        }
    }

    #[test]
    fn links_replace_the_first_page_number_in_the_url() {
        let links = |query: &str| slice(query).link_header(&format!("/films?{query}"), 22);
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
