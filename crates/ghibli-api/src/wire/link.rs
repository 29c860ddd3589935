//! Links among the collections, stored by path so that no host is part of the catalogue.
//!
//! A stored link is `/{collection}/{id}`, or `/{collection}/` for the bare link that means
//! "unknown". Any other text of that form is stored with one more leading slash, which is removed
//! on output.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::collection::Collection;

/// A parsed absolute link.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AbsoluteLink<'a> {
    /// Everything before the collection: scheme, host and path prefix.
    pub(crate) base: &'a str,
    pub(crate) target: LinkTarget<'a>,
}

/// The target of a link: an item, or a collection if `id` is `None`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LinkTarget<'a> {
    pub(crate) collection: Collection,
    pub(crate) id: Option<&'a str>,
}

impl<'a> AbsoluteLink<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let authority = rest.find('/').filter(|length| *length > 0)?;
        if !is_scheme(scheme) || rest.contains(is_forbidden) {
            return None;
        }
        let path_start = text.len() - rest.len() + authority;
        let (prefix, target) = split_path(text.get(path_start..)?)?;
        Some(Self {
            base: text.get(..path_start + prefix)?,
            target,
        })
    }
}

/// The stored form of a source text, or `None` if they are equal.
///
/// In link fields, links with any base count (`any_base`); elsewhere only those with `own_base`.
pub(super) fn to_stored(text: &str, own_base: Option<&str>, any_base: bool) -> Option<String> {
    match AbsoluteLink::parse(text) {
        Some(AbsoluteLink { base, target }) if any_base || own_base == Some(base) => Some(format!(
            "/{}/{}",
            target.collection,
            target.id.unwrap_or_default()
        )),
        _ => leading_slashes(text).map(|_| format!("/{text}")),
    }
}

/// The source form of a stored text, or `None` if they are equal.
pub(crate) fn to_source(text: &str, base: &str) -> Option<String> {
    match leading_slashes(text)? {
        1 => Some(format!("{base}{text}")),
        _ => text.get(1..).map(str::to_owned),
    }
}

/// The target of a stored link; `None` for any other text.
pub(super) fn parse_stored(text: &str) -> Option<LinkTarget<'_>> {
    if leading_slashes(text)? != 1 {
        return None;
    }
    let (name, id) = text.get(1..)?.split_once('/')?;
    Some(LinkTarget {
        collection: name.parse().ok()?,
        id: Some(id).filter(|id| !id.is_empty()),
    })
}

/// The target of a link in any form in which the collection's name stands before the id: a URL, a
/// path from any start, with a final slash, a query or a fragment. `/people?id=1` is a link, too.
pub(super) fn parse_any(text: &str) -> Option<LinkTarget<'_>> {
    let (path, query) = split_query(text);
    let trimmed = path.trim_end_matches('/');
    let (before, last) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    if before.contains(is_forbidden) || last.contains(is_forbidden) {
        return None;
    }
    let collection = |name: &str| name.to_ascii_lowercase().parse::<Collection>().ok();
    let bare = || {
        let mut fields = query.split('&').filter_map(|field| field.split_once('='));
        let id = fields.find(|(name, id)| *name == "id" && !id.is_empty());
        let is_bare = trimmed.contains('/') || path.ends_with('/') || id.is_some();
        Some(LinkTarget {
            collection: collection(last).filter(|_| is_bare && !is_item_path(before))?,
            id: id.map(|(_, id)| id),
        })
    };
    let item = || {
        let name = before.rsplit('/').next().unwrap_or_default();
        Some(LinkTarget {
            collection: collection(name)?,
            id: Some(last),
        })
    };
    if path.ends_with('/') {
        bare().or_else(item)
    } else {
        item().or_else(bare)
    }
}

/// The last segment of a path, without query.
pub(super) fn last_segment(text: &str) -> &str {
    let path = split_query(text).0.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or_default()
}

/// A text without percent-encoding.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text)
        .decode_utf8()
        .unwrap_or(Cow::Borrowed(text))
}

/// The path and the query, without a fragment.
fn split_query(text: &str) -> (&str, &str) {
    let (text, _) = text.split_once('#').unwrap_or((text, ""));
    text.split_once('?').unwrap_or((text, ""))
}

/// Number of leading slashes, if the rest has the form of a stored link.
fn leading_slashes(text: &str) -> Option<usize> {
    let rest = text.trim_start_matches('/');
    let (name, id) = rest.split_once('/')?;
    let is_link_form = name.parse::<Collection>().is_ok() && !id.contains('/');
    Some(text.len() - rest.len()).filter(|slashes| is_link_form && *slashes > 0)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn is_forbidden(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '"' | '<' | '>' | '\\')
}

/// Whether a path ends with an item. `/films/1/people` is not the bare link of all people.
fn is_item_path(path: &str) -> bool {
    let Some((before, id)) = path.rsplit_once('/') else {
        return false;
    };
    let name = before.rsplit('/').next().unwrap_or_default();
    !id.is_empty() && name.to_ascii_lowercase().parse::<Collection>().is_ok()
}

/// Splits a path into the length of its prefix and its target.
///
/// `/films/people` could be an item, or a bare link below the prefix `/films`. The source ends
/// only bare links with a slash.
fn split_path(path: &str) -> Option<(usize, LinkTarget<'_>)> {
    let (trimmed, has_final_slash) = match path.strip_suffix('/') {
        Some(trimmed) => (trimmed, true),
        None => (path, false),
    };
    let (before, last) = trimmed.rsplit_once('/')?;
    let bare = || {
        let collection = last.parse().ok().filter(|_| !is_item_path(before))?;
        Some((
            before.len(),
            LinkTarget {
                collection,
                id: None,
            },
        ))
    };
    let item = || {
        let (prefix, name) = before.rsplit_once('/')?;
        let collection = name.parse().ok()?;
        let id = Some(last).filter(|id| !id.is_empty())?;
        Some((
            prefix.len(),
            LinkTarget {
                collection,
                id: Some(id),
            },
        ))
    };
    if has_final_slash {
        bare().or_else(item)
    } else {
        item().or_else(bare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_with_any_base_is_stored_by_its_path() {
        for (text, path) in [
            (
                "https://ghibliapi.herokuapp.com/people/598f",
                "/people/598f",
            ),
            (
                "htps://ghibliapi.herokuapp.com/species/b5a9",
                "/species/b5a9",
            ),
            ("http://localhost:8000/ghibli/films/dc2e/", "/films/dc2e"),
            ("https://host/a/b/c/vehicles/", "/vehicles/"),
            ("https://host/locations", "/locations/"),
            ("https://host/films/people/", "/people/"),
            ("https://host/films/people", "/films/people"),
            ("https://host/people/a%2Fb%20c", "/people/a%2Fb%20c"),
        ] {
            assert_eq!(to_stored(text, None, true).as_deref(), Some(path), "{text}");
        }
    }

    #[test]
    fn other_texts_are_stored_unchanged() {
        for text in [
            "nobody knows",
            "",
            "https://host/posters/1",
            "https://host",
            "https:///people/1",
            "://host/people/1",
            "https://host/people//",
            "https://host/people/1?x=1",
            "see https://host/people/1",
            "https://host/people/1 and more",
            "https://host/films/1/people",
            "https://host/films/1/people/",
            "people/1",
        ] {
            assert_eq!(to_stored(text, None, true), None, "{text}");
        }
    }

    #[test]
    fn a_text_in_the_form_of_a_stored_link_is_restored() {
        for text in ["/people/1", "//people/", "///films/x", "/people/"] {
            let stored = to_stored(text, None, true).unwrap();
            assert_eq!(parse_stored(&stored), None, "{text}");
            assert_eq!(to_source(&stored, "http://base").as_deref(), Some(text));
        }
    }
}
