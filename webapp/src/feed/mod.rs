//! The Atom feed (RFC 4287) of recent versions, with their changes in sentences.

use askama::Template;
use axum::extract::State;
use catalogue_index::Version;
use common::models::Catalogue;
use common::repository::Header;
use http_content::Representation;
use jiff::Timestamp;

use crate::http::AppError;
use crate::http::Links;
use crate::http::content::{ATOM, AtVersion as _};
use crate::state::{CurrentSite, Site};
use crate::wording::{ItemNames, counts_in_words, sentences};

/// Versions in the feed.
const MAX_ENTRIES: usize = 50;
/// An entry stops listing changes after this many sentences, and counts the rest.
const MAX_SENTENCES: usize = 20;
/// The start of all ids: tag URIs (RFC 4151), which do not depend on the host.
const TAG_URI_PREFIX: &str = "tag:pyflix,2026:";

#[derive(Template)]
#[template(path = "feed.xml")]
struct AtomFeed<'a> {
    base: &'a str,
    id: String,
    updated: Timestamp,
    entries: Vec<FeedEntry>,
}

struct FeedEntry {
    version: u64,
    id: String,
    title: String,
    updated: Timestamp,
    paragraphs: Vec<String>,
    sentences: Vec<String>,
}

pub(crate) async fn show(
    State(current): State<CurrentSite>,
    links: Links,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let xml = feed(&site, links.root()).render()?;
    let feed = Representation::new(ATOM, xml).at_version(site.version());
    Ok(links.with_links(feed))
}

fn feed<'a>(site: &Site, base: &'a str) -> AtomFeed<'a> {
    let lineage = &site.snapshot.lineage;
    let versions = site.history.versions().take(MAX_ENTRIES);
    AtomFeed {
        base,
        id: format!("{TAG_URI_PREFIX}{lineage}"),
        updated: site.snapshot.header.at,
        entries: versions
            .map(|version| entry(version, lineage, &site.snapshot.catalogue))
            .collect(),
    }
}

fn entry(version: &Version, lineage: &str, catalogue: &Catalogue) -> FeedEntry {
    let header = &version.header;
    let mut paragraphs: Vec<_> = header.note.iter().map(|note| printable(note)).collect();
    let mut texts = Vec::new();
    match &version.changes {
        Some(changes) => {
            let names = ItemNames::of(catalogue, changes);
            let mut rest = changes.iter();
            while texts.len() < MAX_SENTENCES {
                let Some(change) = rest.next() else { break };
                texts.extend(sentences(change, &names));
            }
            match rest.len() {
                0 => {}
                1 => texts.push("1 more item changed.".to_owned()),
                more => texts.push(format!("{more} more items changed.")),
            }
        }
        None if header.first => paragraphs.push("Initial import.".to_owned()),
        None => paragraphs.push(format!("{}.", counts_in_words(header.changes))),
    }
    FeedEntry {
        version: header.version,
        id: format!("{TAG_URI_PREFIX}{lineage}:{}", header.version),
        title: title(header),
        updated: header.at,
        paragraphs,
        sentences: texts.iter().map(|text| printable(text)).collect(),
    }
}

fn title(header: &Header) -> String {
    if header.first {
        format!("Version {}: initial import", header.version)
    } else {
        format!(
            "Version {}: {}",
            header.version,
            counts_in_words(header.changes)
        )
    }
}

/// Replaces the characters that XML cannot represent, not even escaped.
fn printable(text: &str) -> String {
    let characters = text.chars().map(|character| match character {
        '\t' | '\n' | '\r' => character,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        _ => character,
    });
    characters.collect()
}

#[cfg(test)]
mod tests;
