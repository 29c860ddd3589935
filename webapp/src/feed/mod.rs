//! The last versions as an Atom feed (RFC 4287), with what changed in words.

use askama::Template;
use axum::extract::State;
use catalogue_index::Version;
use common::models::{Catalogue, Counts};
use common::repository::Header;
use http::{HeaderMap, Uri};
use http_content::Representation;
use jiff::Timestamp;

use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{ATOM, AtVersion as _};
use crate::http::query;
use crate::state::{CurrentSite, Site};
use crate::wording::{self, Names};

/// How many versions the feed has.
const MOST_ENTRIES: usize = 50;
/// How many sentences an entry has before it says how many more there are.
const MOST_SENTENCES: usize = 20;
/// What ids begin with (RFC 4151): they are the same wherever a catalogue is served from.
const TAG: &str = "tag:pyflix,2026:";

#[derive(Template)]
#[template(path = "feed.xml")]
struct FeedPage<'a> {
    base: &'a str,
    id: String,
    updated: Timestamp,
    entries: Vec<Entry>,
}

struct Entry {
    version: u64,
    id: String,
    title: String,
    updated: Timestamp,
    paragraphs: Vec<String>,
    sentences: Vec<String>,
}

/// The feed.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Representation, AppError> {
    if let Some((name, _)) = query::pairs(&uri).next() {
        return Err(AppError::BadRequest(format!(
            "unknown parameter {name}; the feed takes none"
        )));
    }
    let site = current.load()?;
    let xml = page(&site, &public_url.root(&headers)).render()?;
    let feed = Representation::new(ATOM, xml).at_version(site.version());
    Ok(public_url.with_links(feed))
}

fn page<'a>(site: &Site, base: &'a str) -> FeedPage<'a> {
    let lineage = &site.snapshot.lineage;
    let versions = site.history.versions().take(MOST_ENTRIES);
    FeedPage {
        base,
        id: format!("{TAG}{lineage}"),
        updated: site.snapshot.header.at,
        entries: versions
            .map(|version| entry(version, lineage, &site.snapshot.catalogue))
            .collect(),
    }
}

fn entry(version: &Version, lineage: &str, catalogue: &Catalogue) -> Entry {
    let header = &version.header;
    let mut paragraphs: Vec<_> = header.note.iter().map(|note| printable(note)).collect();
    let mut sentences = Vec::new();
    match &version.changes {
        Some(changes) => {
            let names = Names::of(catalogue, changes);
            let mut rest = changes.iter();
            while sentences.len() < MOST_SENTENCES {
                let Some(change) = rest.next() else { break };
                sentences.extend(wording::sentences(change, &names));
            }
            match rest.len() {
                0 => {}
                1 => sentences.push("1 more item changed.".to_owned()),
                more => sentences.push(format!("{more} more items changed.")),
            }
        }
        None if header.first => paragraphs.push("Initial import.".to_owned()),
        None => paragraphs.push(format!("{}.", counts(header.changes))),
    }
    Entry {
        version: header.version,
        id: format!("{TAG}{lineage}:{}", header.version),
        title: title(header),
        updated: header.at,
        paragraphs,
        sentences: sentences.iter().map(|text| printable(text)).collect(),
    }
}

fn title(header: &Header) -> String {
    if header.first {
        format!("Version {}: initial import", header.version)
    } else {
        format!("Version {}: {}", header.version, counts(header.changes))
    }
}

fn counts(counts: Counts) -> String {
    let counts = [
        (counts.added, "added"),
        (counts.updated, "updated"),
        (counts.removed, "removed"),
    ];
    let counts: Vec<_> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if counts.is_empty() {
        return "no changes".to_owned();
    }
    counts.join(", ")
}

/// A text without the characters that XML cannot hold, escaped or not.
fn printable(text: &str) -> String {
    let kept = text.chars().map(|character| match character {
        '\t' | '\n' | '\r' => character,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        _ => character,
    });
    kept.collect()
}

#[cfg(test)]
mod tests;
