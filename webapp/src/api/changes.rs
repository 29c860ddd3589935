//! Versions and their changes.

use catalogue_index::DiffError;
use common::models::{Change, ChangeType, FieldChange, Item, Kind, changed_fields};
use common::repository::Header;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::item_json::{ItemJson, ItemSerializer};
use super::paging::{self, PageInfo, PagedList};
use super::parameter::{MAX_INTEGER, Parameter, ParameterType};
use super::request::ApiRequest;
use super::response::ApiResponse;
use crate::http::AppError;
use crate::state::Site;

#[derive(Serialize, JsonSchema)]
pub(super) struct ChangesSince<'a> {
    /// Identifies the database that the versions belong to.
    lineage: &'a str,
    /// The version that was requested.
    since: u64,
    /// The version of your copy once all pages are applied.
    version: u64,
    /// Items of this page that are new since then.
    added: Vec<AddedItem<'a>>,
    /// Items of this page that differ.
    updated: Vec<UpdatedItem<'a>>,
    /// Items of this page that are gone.
    removed: Vec<RemovedItemJson<'a>>,
    #[serde(flatten)]
    page: PageInfo,
}

#[derive(Serialize, JsonSchema)]
struct AddedItem<'a> {
    /// Kind of the item.
    kind: Kind,
    /// ID at the source.
    id: &'a str,
    /// The item at `version`.
    item: ItemJson,
}

#[derive(Serialize, JsonSchema)]
struct UpdatedItem<'a> {
    /// Kind of the item.
    kind: Kind,
    /// ID at the source.
    id: &'a str,
    /// The item at `since`.
    before: ItemJson,
    /// The item at `version`.
    after: ItemJson,
    /// The fields that differ.
    fields: Vec<FieldChange>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RemovedItem")]
struct RemovedItemJson<'a> {
    /// Kind of the item.
    kind: Kind,
    /// ID at the source.
    id: &'a str,
    /// URL slug, which now responds with 410.
    slug: &'a str,
    /// Title or name.
    name: &'a str,
}

pub(super) fn parameters() -> Vec<Parameter> {
    let version = ParameterType::Integer(0, MAX_INTEGER);
    let mut parameters = vec![
        Parameter::new("since", version.clone(), "The version of your copy.", "1").required(),
        Parameter::new(
            "until",
            version,
            "The version to list changes up to. Pass the `version` of the first page on the later pages, so that a version published in between does not shift them; the `Link` header does so.",
            "2",
        )
        .or("current version"),
        Parameter::new(
            "lineage",
            ParameterType::Text,
            "The lineage of your copy, from an earlier response.",
            "6f9619ff8b86d011b42d00cf4fc964ff",
        ),
    ];
    parameters.extend(paging::changes_parameters());
    parameters
}

/// A page of the changes that bring a copy to a later version.
pub(super) fn changes(request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let site = request.site;
    let (since, until) = requested_range(request)?;
    let changes = changes_between(site, since, until)?;
    let page = PageInfo::of_changes(request)
        .with_total(changes.len() as u64)
        .until(until);
    let (added, updated, removed) = group_changes(page.slice(&changes), site);
    let body = ChangesSince {
        lineage: &site.snapshot.lineage,
        since,
        version: until,
        added,
        updated,
        removed,
        page,
    };
    Ok(ApiResponse::new(&body)?.with_page(page))
}

/// The versions `since` and `until` of a request, which the catalogue has in this order.
fn requested_range(request: &ApiRequest<'_>) -> Result<(u64, u64), AppError> {
    let site = request.site;
    let version = site.version();
    let since = request.parameters.number("since").unwrap_or_default();
    let until = request.parameters.number("until").unwrap_or(version);
    let requested_lineage = request.parameters.get("lineage");
    if requested_lineage.is_some_and(|requested| requested != &*site.snapshot.lineage) {
        return Err(gone(site, "that version belongs to another lineage"));
    }
    let newest = since.max(until);
    if newest > version {
        let reason = format!("version {newest} is newer than this catalogue");
        return Err(gone(site, &reason));
    }
    if until < since {
        return Err(AppError::BadRequest(format!(
            "until must not be less than since={since}"
        )));
    }
    Ok((since, until))
}

fn gone(site: &Site, reason: &str) -> AppError {
    let version = site.version();
    AppError::Gone(format!(
        "{reason}: reload /api/v1/movies and the other lists, then request changes since version {version}"
    ))
}

fn changes_between(site: &Site, since: u64, until: u64) -> Result<Vec<Change>, AppError> {
    if since == until {
        return Ok(Vec::new());
    }
    let changes = site.history.diff(since, until);
    changes.map_err(|error| match error {
        // They are being read from the store since the start.
        DiffError::NotKept(_) | DiffError::NotInMemory(_) if !site.history.is_backfilled() => {
            AppError::NotReady(None)
        }
        DiffError::NotKept(_) | DiffError::NotInMemory(_) => {
            let reason = format!("not all changes since version {since} are still available");
            gone(site, &reason)
        }
        DiffError::TooMany => {
            let reason = format!("too much has changed since version {since}");
            gone(site, &reason)
        }
    })
}

/// The items that these changes add, update and remove.
fn group_changes<'a>(
    changes: &'a [Change],
    site: &Site,
) -> (
    Vec<AddedItem<'a>>,
    Vec<UpdatedItem<'a>>,
    Vec<RemovedItemJson<'a>>,
) {
    let serializer = ItemSerializer {
        posters: Some(&site.sync_status.posters),
        ..ItemSerializer::default()
    };
    let json = |item: &Item| serializer.item(item, &site.indexes.lists);
    let (mut added, mut updated, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let (kind, id) = (change.kind, &*change.id);
        match (&change.before, &change.after) {
            (None, Some(after)) => added.push(AddedItem {
                kind,
                id,
                item: json(after),
            }),
            (Some(before), Some(after)) => updated.push(UpdatedItem {
                kind,
                id,
                before: json(before),
                after: json(after),
                fields: changed_fields(before, after),
            }),
            (Some(before), None) => removed.push(RemovedItemJson {
                kind,
                id,
                slug: &before.slug,
                name: before.name(),
            }),
            (None, None) => {}
        }
    }
    (added, updated, removed)
}

#[derive(Serialize, JsonSchema)]
struct VersionSummary<'a> {
    /// Its number.
    #[schemars(range(min = 1))]
    version: u64,
    /// When it was published.
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
    /// Items added.
    added: u64,
    /// Items updated.
    updated: u64,
    /// Items removed.
    removed: u64,
    /// Why it was published, if not by an ordinary sync.
    note: Option<&'a str>,
}

impl<'a> From<&'a Header> for VersionSummary<'a> {
    fn from(header: &'a Header) -> Self {
        Self {
            version: header.version,
            at: header.at,
            added: header.changes.added,
            updated: header.changes.updated,
            removed: header.changes.removed,
            note: header.note.as_deref(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(super) struct VersionList<'a> {
    #[serde(flatten)]
    list: PagedList<&'a VersionSummary<'a>>,
    /// Identifies the database that the versions belong to.
    lineage: &'a str,
}

pub(super) fn versions(request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let versions = request.site.history.versions();
    let versions: Vec<_> = versions
        .map(|version| VersionSummary::from(&version.header))
        .collect();
    let list = PagedList::of(request, &versions);
    let page = list.page;
    let body = VersionList {
        list,
        lineage: &request.site.snapshot.lineage,
    };
    Ok(ApiResponse::new(&body)?.with_page(page))
}

#[derive(Serialize, JsonSchema)]
pub(super) struct VersionDetails<'a> {
    #[serde(flatten)]
    summary: VersionSummary<'a>,
    /// The changes of this page; null if the details are not available.
    changes: Option<Vec<ItemChange<'a>>>,
    #[serde(flatten)]
    page: PageInfo,
}

#[derive(Serialize, JsonSchema)]
struct ItemChange<'a> {
    /// Kind of the item.
    kind: Kind,
    /// ID at the source.
    id: &'a str,
    /// URL slug.
    slug: Option<&'a str>,
    /// Title or name.
    name: Option<&'a str>,
    /// The effect of the change.
    what: ChangeType,
    /// The fields that differ, of an updated item.
    fields: Vec<FieldChange>,
}

/// A version with a page of its changes.
pub(super) fn version(request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let version = request.site.find_version(request.path_argument)?;
    let changes = version.changes.as_deref();
    let page = PageInfo::of_changes(request).with_total(changes.map_or(0, <[_]>::len) as u64);
    let body = VersionDetails {
        summary: VersionSummary::from(&version.header),
        changes: changes.map(|changes| page.slice(changes).iter().map(item_change).collect()),
        page,
    };
    Ok(ApiResponse::new(&body)?.with_page(page))
}

fn item_change(change: &Change) -> ItemChange<'_> {
    let (what, fields) = match (&change.before, &change.after) {
        (Some(before), Some(after)) => (ChangeType::Updated, changed_fields(before, after)),
        (Some(_), None) => (ChangeType::Removed, Vec::new()),
        _ => (ChangeType::Added, Vec::new()),
    };
    let item = change.after.as_deref().or(change.before.as_deref());
    ItemChange {
        kind: change.kind,
        id: &change.id,
        slug: item.map(|item| &*item.slug),
        name: item.map(Item::name),
        what,
        fields,
    }
}
