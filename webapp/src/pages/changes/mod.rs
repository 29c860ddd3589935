//! The list of versions, the changes of one version, and the differences between two.

mod notable;
mod text_diff;
mod view;

use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use catalogue_index::{DiffError, Version};
use common::models::{Change, Counts};
use common::repository::Header;
use http_content::Representation;
use serde::Deserialize;

pub(super) use self::notable::notable;
use self::view::{FieldChangeView, KindChanges};
use super::layout::{HtmlHead, PageLayout, TimeTag};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::http::query;
use crate::state::{CurrentSite, Site};
use crate::wording::{counts_in_words, shortened};

/// Versions on one page.
const PER_PAGE: usize = 50;
/// Items listed of one version.
const MAX_LISTED_ITEMS: usize = 4;

#[derive(Debug, Deserialize)]
pub(crate) struct ListParameters {
    page: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ShowParameters {
    page: Option<String>,
}

/// The versions, newest first; with `from` or `to`, the differences between two of them.
pub(crate) async fn list(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    query: Result<Query<ListParameters>, QueryRejection>,
) -> Result<Representation, AppError> {
    let Query(query) = query?;
    let page = page_number(query.page.as_deref())?;
    let site = current.load()?;
    let from = version_number("from", query.from.as_deref())?;
    let to = version_number("to", query.to.as_deref())?;
    match (from, to) {
        (None, None) => version_list(&site, &public_url, page),
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
struct VersionListPage {
    head: HtmlHead,
    layout: PageLayout,
    versions: Vec<ListedVersion>,
    comparable: Option<ComparableVersions>,
    page: usize,
    pages: usize,
}

/// A version in the list.
struct ListedVersion {
    number: u64,
    at: TimeTag,
    counts: String,
    note: Option<String>,
    is_first: bool,
    /// The newest version, if this is an older one.
    newest: Option<u64>,
    /// Whether its changes are still in memory.
    has_details: bool,
    items: Vec<ListedItem>,
    /// Changed items that are not listed.
    more: u64,
}

/// A changed item in the list.
struct ListedItem {
    name: String,
    href: Option<String>,
    /// Added, updated or removed.
    what: &'static str,
}

/// The versions that can be compared, and the selected ones.
struct ComparableVersions {
    oldest: u64,
    newest: u64,
    from: u64,
    to: u64,
}

impl ComparableVersions {
    fn of(site: &Site, selected: Option<(u64, u64)>) -> Option<Self> {
        let newest = site.history.versions().next()?.header.version;
        let oldest = site.history.versions().next_back()?.header.version;
        let (from, to) = selected.unwrap_or((newest.saturating_sub(1).max(oldest), newest));
        (oldest < newest).then_some(Self {
            oldest,
            newest,
            from,
            to,
        })
    }
}

fn version_list(
    site: &Site,
    public_url: &PublicUrl,
    page: usize,
) -> Result<Representation, AppError> {
    let pages = pages(site.history.versions().count(), PER_PAGE);
    if page > pages {
        return Err(AppError::NotFound);
    }
    let shown = site.history.versions().skip((page - 1) * PER_PAGE);
    let page = VersionListPage {
        head: HtmlHead::of(
            public_url,
            "/changes",
            "Changes",
            "Every version of the catalogue, newest first: what was added, updated and removed, and when.",
        ),
        layout: PageLayout::of(site),
        versions: shown
            .take(PER_PAGE)
            .map(|version| ListedVersion::of(site, version))
            .collect(),
        comparable: ComparableVersions::of(site, None),
        page,
        pages,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

impl ListedVersion {
    fn of(site: &Site, version: &Version) -> Self {
        let header = &version.header;
        let changes = version.changes.as_deref().unwrap_or_default();
        let items: Vec<_> = notable(changes)
            .into_iter()
            .take(MAX_LISTED_ITEMS)
            .map(|change| ListedItem {
                name: shortened(view::name(change)).into_owned(),
                href: view::href(&site.snapshot.catalogue, change),
                what: view::what(change),
            })
            .collect();
        Self {
            number: header.version,
            at: TimeTag(header.at),
            counts: counts_in_words(header.changes),
            note: header.note.clone(),
            is_first: header.first,
            newest: Some(site.version()).filter(|newest| *newest > header.version),
            has_details: version.changes.is_some(),
            more: header.changes.total().saturating_sub(items.len() as u64),
            items,
        }
    }
}

#[derive(Template)]
#[template(path = "changes/show.html")]
struct VersionPage {
    head: HtmlHead,
    layout: PageLayout,
    header: Header,
    counts: String,
    /// The changes; `None` if they are no longer in memory.
    kinds: Option<Vec<KindChanges>>,
    /// Whether the catalogue can be browsed as of this version.
    is_browsable: bool,
    previous: Option<u64>,
    next: Option<u64>,
    page: usize,
    pages: usize,
}

impl VersionPage {
    fn at(&self) -> TimeTag {
        TimeTag(self.header.at)
    }
}

/// One version and its changes, field by field.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    number: Result<Path<String>, PathRejection>,
    query: Result<Query<ShowParameters>, QueryRejection>,
) -> Result<Representation, AppError> {
    let (Path(number), Query(query)) = (number?, query?);
    let page = page_number(query.page.as_deref())?;
    let site = current.load()?;
    let version = site.find_version(&number)?;
    let number = version.header.version;
    let changes = version.changes.as_deref();
    let pages = pages(changes.map_or(0, <[Change]>::len), view::PER_PAGE);
    if page > pages {
        return Err(AppError::NotFound);
    }
    let if_kept = |number: Option<u64>| number.filter(|number| site.history.get(*number).is_some());
    let page = VersionPage {
        head: HtmlHead::of(
            &public_url,
            &format!("/changes/{number}"),
            format!("Version {number}"),
            format!(
                "Changes in catalogue version {number}: {}.",
                counts_in_words(version.header.changes)
            ),
        ),
        layout: PageLayout::of(&site),
        header: version.header.clone(),
        counts: counts_in_words(version.header.changes),
        kinds: changes.map(|changes| view::by_kind(&site.snapshot.catalogue, changes, page)),
        is_browsable: site.can_rewind(number),
        previous: if_kept(number.checked_sub(1)),
        next: if_kept(number.checked_add(1)),
        page,
        pages,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

#[derive(Template)]
#[template(path = "changes/compare.html")]
struct ComparePage {
    head: HtmlHead,
    layout: PageLayout,
    from: u64,
    to: u64,
    counts: String,
    /// Why the versions cannot be compared.
    error: Option<String>,
    kinds: Vec<KindChanges>,
    comparable: Option<ComparableVersions>,
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
    let (changes, error) = match site.history.diff(from, to) {
        Ok(changes) => (changes, None),
        Err(error) => (Vec::new(), Some(diff_error_in_words(&error, site))),
    };
    let pages = pages(changes.len(), view::PER_PAGE);
    if page > pages {
        return Err(AppError::NotFound);
    }
    let page = ComparePage {
        head: HtmlHead::of(
            public_url,
            &format!("/changes?from={from}&to={to}"),
            format!("Changes from version {from} to {to}"),
            "The differences between two versions of the catalogue.",
        )
        .not_indexed(),
        layout: PageLayout::of(site),
        from,
        to,
        counts: counts_in_words(Counts::of(&changes)),
        error,
        kinds: view::by_kind(&site.snapshot.catalogue, &changes, page),
        comparable: ComparableVersions::of(site, Some((from, to))),
        page,
        pages,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

fn diff_error_in_words(error: &DiffError, site: &Site) -> String {
    let mut versions = site.history.versions();
    let kept = (versions.next(), versions.next_back());
    match (error, kept) {
        (DiffError::NotKept(number), (Some(newest), Some(oldest))) => format!(
            "Version {number} is not available. Choose a version from {} to {}.",
            oldest.header.version, newest.header.version
        ),
        (DiffError::NotKept(number), _) => {
            format!(
                "Version {number} is not available, and there is no other version to compare yet."
            )
        }
        (DiffError::NotInMemory(number), _) => format!(
            "The details of version {number} are no longer available. Choose later versions."
        ),
        (DiffError::TooMany, _) => {
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
