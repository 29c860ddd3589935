//! What changed: the versions in time, one version field by field, and any two against each other.

mod text_diff;
mod view;

use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use catalogue_index::Version;
use catalogue_index::{Gap, between};
use common::models::{Change, Counts};
use common::repository::Header;
use http_content::Representation;
use serde::Deserialize;

use self::view::{Form, Group};
use super::layout::{Frame, Head, Moment};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::http::query;
use crate::state::{CurrentSite, Site};
use crate::wording::counts_in_words;
use crate::wording::shortened;

/// So many versions stand on one page.
const PER_PAGE: usize = 50;
/// So many items of a version are named in the timeline.
const NAMED: usize = 4;
/// So many changes are looked through for them.
const LOOKED_THROUGH: usize = 1_000;

/// The questions that the timeline answers.
#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    page: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// The questions that a version's page answers.
#[derive(Debug, Deserialize)]
pub(crate) struct ShowQuery {
    page: Option<String>,
}

/// The versions, newest first; with `from` and `to`, what lies between two of them.
pub(crate) async fn list(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Representation, AppError> {
    let Query(query) = query?;
    let page = page_number(query.page.as_deref())?;
    let site = current.load()?;
    let from = version_number("from", query.from.as_deref())?;
    let to = version_number("to", query.to.as_deref())?;
    match (from, to) {
        (None, None) => timeline(&site, &public_url, page),
        (from, to) => {
            let newest = site.version();
            let to = to.unwrap_or(newest);
            let from = from.unwrap_or(to.saturating_sub(1));
            comparison(&site, &public_url, from, to, page)
        }
    }
}

#[derive(Template)]
#[template(path = "changes/list.html")]
struct Timeline {
    head: Head,
    frame: Frame,
    entries: Vec<Entry>,
    choice: Option<Choice>,
    page: usize,
    pages: usize,
}

/// A version in the timeline.
struct Entry {
    number: u64,
    at: Moment,
    counts: String,
    why: Option<String>,
    first: bool,
    /// Whether it can be told what changed.
    known: bool,
    named: Vec<Named>,
    /// How many changed beside those that are named.
    others: u64,
}

/// An item that a version changed.
struct Named {
    name: String,
    href: Option<String>,
    /// Added, updated or removed, where the version did several of it.
    what: Option<&'static str>,
}

/// Which versions can be compared, and which are chosen.
struct Choice {
    oldest: u64,
    newest: u64,
    from: u64,
    to: u64,
}

impl Choice {
    fn of(site: &Site, chosen: Option<(u64, u64)>) -> Option<Self> {
        let newest = site.history.versions().next()?.header.version;
        let oldest = site.history.versions().next_back()?.header.version;
        let (from, to) = chosen.unwrap_or((newest.saturating_sub(1).max(oldest), newest));
        (oldest < newest).then_some(Self {
            oldest,
            newest,
            from,
            to,
        })
    }
}

fn timeline(site: &Site, public_url: &PublicUrl, page: usize) -> Result<Representation, AppError> {
    let pages = pages(site.history.versions().count(), PER_PAGE);
    if page > pages {
        return Err(AppError::NotFound);
    }
    let shown = site.history.versions().skip((page - 1) * PER_PAGE);
    let page = Timeline {
        head: Head::of(
            public_url,
            "/changes",
            "Changes",
            "Every version of the catalogue, newest first: what was added, updated and removed, and when.",
        ),
        frame: Frame::of(site),
        entries: shown
            .take(PER_PAGE)
            .map(|version| Entry::of(site, version))
            .collect(),
        choice: Choice::of(site, None),
        page,
        pages,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

impl Entry {
    fn of(site: &Site, version: &Version) -> Self {
        let header = &version.header;
        let changes = version.changes.as_deref().unwrap_or_default();
        let mut first: Vec<_> = changes.iter().take(LOOKED_THROUGH).collect();
        first.sort_by_key(|change| change.kind);
        let counts = header.changes;
        let all = [counts.added, counts.updated, counts.removed];
        let mixed = !all.contains(&counts.total());
        let named: Vec<_> = first
            .into_iter()
            .take(NAMED)
            .map(|change| Named {
                name: shortened(view::name(change)).into_owned(),
                href: view::href(&site.snapshot.catalogue, change),
                what: mixed.then(|| view::what(change)),
            })
            .collect();
        Self {
            number: header.version,
            at: Moment(header.at),
            counts: counts_in_words(header.changes),
            why: header.note.clone(),
            first: header.first,
            known: version.changes.is_some(),
            others: header.changes.total().saturating_sub(named.len() as u64),
            named,
        }
    }
}

#[derive(Template)]
#[template(path = "changes/show.html")]
struct VersionPage {
    head: Head,
    frame: Frame,
    header: Header,
    counts: String,
    /// By kind; `None` if they are not in memory.
    groups: Option<Vec<Group>>,
    previous: Option<u64>,
    next: Option<u64>,
    page: usize,
    pages: usize,
}

impl VersionPage {
    fn at(&self) -> Moment {
        Moment(self.header.at)
    }
}

/// One version: what it changed, field by field.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    number: Result<Path<String>, PathRejection>,
    query: Result<Query<ShowQuery>, QueryRejection>,
) -> Result<Representation, AppError> {
    let (Path(number), Query(query)) = (number?, query?);
    let page = page_number(query.page.as_deref())?;
    let site = current.load()?;
    let number: u64 = number.parse().map_err(|_| AppError::NotFound)?;
    let version = site.history.get(number).ok_or(AppError::NotFound)?;
    let changes = version.changes.as_deref();
    let pages = pages(changes.map_or(0, <[Change]>::len), view::PER_PAGE);
    if page > pages {
        return Err(AppError::NotFound);
    }
    let kept = |number: Option<u64>| number.filter(|number| site.history.get(*number).is_some());
    let page = VersionPage {
        head: Head::of(
            &public_url,
            &format!("/changes/{number}"),
            format!("Version {number}"),
            format!(
                "Changes in catalogue version {number}: {}.",
                counts_in_words(version.header.changes)
            ),
        ),
        frame: Frame::of(&site),
        header: version.header.clone(),
        counts: counts_in_words(version.header.changes),
        groups: changes.map(|changes| view::groups(&site.snapshot.catalogue, changes, page)),
        previous: kept(number.checked_sub(1)),
        next: kept(number.checked_add(1)),
        page,
        pages,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

#[derive(Template)]
#[template(path = "changes/compare.html")]
struct ComparePage {
    head: Head,
    frame: Frame,
    from: u64,
    to: u64,
    counts: String,
    /// Why there is nothing to show, if so.
    gap: Option<String>,
    groups: Vec<Group>,
    choice: Option<Choice>,
    page: usize,
    pages: usize,
}

fn comparison(
    site: &Site,
    public_url: &PublicUrl,
    from: u64,
    to: u64,
    page: usize,
) -> Result<Representation, AppError> {
    let (changes, gap) = match between(&site.history, from, to) {
        Ok(changes) => (changes, None),
        Err(gap) => (Vec::new(), Some(gap_in_words(&gap, site))),
    };
    let pages = pages(changes.len(), view::PER_PAGE);
    if page > pages {
        return Err(AppError::NotFound);
    }
    let page = ComparePage {
        head: Head::of(
            public_url,
            &format!("/changes?from={from}&to={to}"),
            format!("Changes from version {from} to {to}"),
            "The differences between two versions of the catalogue.",
        ),
        frame: Frame::of(site),
        from,
        to,
        counts: counts_in_words(Counts::of(&changes)),
        gap,
        groups: view::groups(&site.snapshot.catalogue, &changes, page),
        choice: Choice::of(site, Some((from, to))),
        page,
        pages,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

fn gap_in_words(gap: &Gap, site: &Site) -> String {
    let mut versions = site.history.versions();
    let kept = (versions.next(), versions.next_back());
    match (gap, kept) {
        (Gap::NotKept(number), (Some(newest), Some(oldest))) => format!(
            "Version {number} is not available. Choose a version from {} to {}.",
            oldest.header.version, newest.header.version
        ),
        (Gap::NotKept(number), _) => {
            format!(
                "Version {number} is not available, and there is no other version to compare yet."
            )
        }
        (Gap::NotInMemory(number), _) => format!(
            "The details of version {number} are no longer available. Choose later versions."
        ),
        (Gap::TooMany, _) => {
            "Too many changes to compare. Choose versions that are closer together.".into()
        }
    }
}

fn pages(total: usize, per_page: usize) -> usize {
    total.div_ceil(per_page).max(1)
}

fn page_number(text: Option<&str>) -> Result<usize, AppError> {
    match text {
        None | Some("") => Ok(1),
        Some(text) => query::number("page", text, 1, usize::MAX),
    }
}

fn version_number(name: &str, text: Option<&str>) -> Result<Option<u64>, AppError> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| query::number(name, text, 1, usize::MAX).map(|number| number as u64))
        .transpose()
}
