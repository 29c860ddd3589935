//! Links among the collections, stored by path so that no host is part of the catalogue.
//!
//! A stored link is `/{collection}/{id}`, or `/{collection}/` for the bare link that means
//! unknown. A text of the source that looks like that without being a link gets one more leading
//! slash when it is stored and loses it when it is given back, so the two are never confused.

use crate::Collection;

/// An absolute link taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link<'a> {
    /// Scheme, host and prefix: all that stands before the collection.
    pub(crate) base: &'a str,
    pub(crate) target: Target<'a>,
}

/// What a link points to: an item, or no item in particular.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) collection: Collection,
    pub(crate) id: Option<&'a str>,
}

impl<'a> Link<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let authority = rest.find('/').filter(|length| *length > 0)?;
        if !is_scheme(scheme) || rest.contains(is_foreign_to_links) {
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

/// The stored form of a text, where it differs from the text itself.
///
/// `any_base` is for the fields that hold nothing but links; elsewhere only links that start with
/// `own_base` are the source's own.
pub(crate) fn store(text: &str, own_base: Option<&str>, any_base: bool) -> Option<String> {
    match Link::parse(text) {
        Some(Link { base, target }) if any_base || own_base == Some(base) => Some(format!(
            "/{}/{}",
            target.collection,
            target.id.unwrap_or_default()
        )),
        _ => leading_slashes(text).map(|_| format!("/{text}")),
    }
}

/// The given-back form of a stored text, where it differs from the text itself.
pub(crate) fn restore(text: &str, base: &str) -> Option<String> {
    match leading_slashes(text)? {
        1 => Some(format!("{base}{text}")),
        _ => text.get(1..).map(str::to_owned),
    }
}

/// Where a stored text points to, if it is a stored link.
pub(crate) fn target(text: &str) -> Option<Target<'_>> {
    if leading_slashes(text)? != 1 {
        return None;
    }
    let (name, id) = text.get(1..)?.split_once('/')?;
    Some(Target {
        collection: name.parse().ok()?,
        id: Some(id).filter(|id| !id.is_empty()),
    })
}

/// How many slashes a text starts with, if what follows them has the form of a stored link.
fn leading_slashes(text: &str) -> Option<usize> {
    let rest = text.trim_start_matches('/');
    let (name, id) = rest.split_once('/')?;
    let has_the_form = name.parse::<Collection>().is_ok() && !id.contains('/');
    Some(text.len() - rest.len()).filter(|slashes| has_the_form && *slashes > 0)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn is_foreign_to_links(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '"' | '<' | '>' | '\\')
}

/// Splits a path into the length of its prefix and what it points to.
///
/// `/films/people` could be read as an item or as a bare link below a prefix; the source writes
/// bare links with a slash at the end and items without one, which settles it.
fn split_path(path: &str) -> Option<(usize, Target<'_>)> {
    let (trimmed, has_final_slash) = match path.strip_suffix('/') {
        Some(trimmed) => (trimmed, true),
        None => (path, false),
    };
    let (before, last) = trimmed.rsplit_once('/')?;
    let bare = || {
        let collection = last.parse().ok()?;
        Some((
            before.len(),
            Target {
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
            Target {
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
    fn a_link_is_stored_by_its_path_whatever_stands_before_it() {
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
            assert_eq!(store(text, None, true).as_deref(), Some(path), "{text}");
        }
    }

    #[test]
    fn what_is_no_link_among_the_collections_is_left_alone() {
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
            "people/1",
        ] {
            assert_eq!(store(text, None, true), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_only_looks_like_a_stored_link_comes_back_as_it_was() {
        for text in ["/people/1", "//people/", "///films/x", "/people/"] {
            let stored = store(text, None, true).unwrap();
            assert_eq!(target(&stored), None, "{text}");
            assert_eq!(restore(&stored, "http://base").as_deref(), Some(text));
        }
    }
}
