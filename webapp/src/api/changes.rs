//! Versions and what they changed.

use catalogue_index::{Gap, between};
use common::models::{Change, Item, Kind, changed_fields};
use common::repository::Header;
use serde_json::{Value, json};

use super::items::{Shape, schema_name};
use super::operation::{Answer, Asked};
use super::pages::{Pages, changes_page_properties, list_schema, paging_of_changes};
use super::parameter::{Form, LARGEST, Parameter};
use crate::http::AppError;

pub(super) fn parameters() -> Vec<Parameter> {
    let mut parameters = vec![
        Parameter::new(
            "since",
            Form::Number(0, LARGEST),
            "The version of your copy.",
            "1",
        )
        .required(),
        Parameter::new(
            "until",
            Form::Number(0, LARGEST),
            "The version to list changes up to; the current one by default. Pass the `version` of the first page on the later pages, so that a version published in between does not shift them; the `Link` header does so.",
            "2",
        ),
        Parameter::new(
            "lineage",
            Form::Text,
            "The lineage of your copy, from an earlier response.",
            "6f9619ff8b86d011b42d00cf4fc964ff",
        ),
    ];
    parameters.extend(paging_of_changes());
    parameters
}

/// A page of what a copy must take in to be at a later version.
pub(super) fn since(asked: &Asked<'_>) -> Result<Answer, AppError> {
    let site = asked.site;
    let version = site.version();
    let since = asked.values.number("since").unwrap_or_default();
    let until = asked.values.number("until").unwrap_or(version);
    let lineage = &site.snapshot.lineage;
    let other = asked
        .values
        .get("lineage")
        .filter(|other| *other != &**lineage);
    let gone = |why: String| {
        AppError::Gone(format!(
            "{why}: reload /api/v1/movies and the other lists, then request changes since version {version}"
        ))
    };
    if other.is_some() {
        return Err(gone("that version belongs to another lineage".into()));
    }
    let ahead = since.max(until);
    if ahead > version {
        return Err(gone(format!(
            "version {ahead} is newer than this catalogue"
        )));
    }
    if until < since {
        return Err(AppError::BadRequest(format!(
            "until must not be less than since={since}"
        )));
    }
    let changes = if since == until {
        Vec::new()
    } else {
        between(&site.history, since, until).map_err(|gap| match gap {
            Gap::NotKept(_) | Gap::NotInMemory(_) => gone(format!(
                "not all changes since version {since} are still available"
            )),
            Gap::TooMany => gone(format!("too much has changed since version {since}")),
        })?
    };
    let pages = Pages::of_changes(asked).until(until);
    let (skip, take) = pages.stretch();
    let whole = |item: &Item| Shape::default().of(item, &site.indexes.lists);
    let (mut added, mut updated, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes.iter().skip(skip).take(take) {
        let (kind, id) = (change.kind, &change.id);
        match (&change.before, &change.after) {
            (None, Some(after)) => {
                added.push(json!({"kind": kind, "id": id, "item": whole(after)}))
            }
            (Some(before), Some(after)) => updated.push(json!({
                "kind": kind,
                "id": id,
                "before": whole(before),
                "after": whole(after),
                "fields": changed_fields(before, after),
            })),
            (Some(before), None) => removed
                .push(json!({"kind": kind, "id": id, "slug": before.slug, "name": before.name()})),
            (None, None) => {}
        }
    }
    let body = json!({
        "lineage": lineage,
        "since": since,
        "version": until,
        "added": added,
        "updated": updated,
        "removed": removed,
    });
    Ok(pages.answer(body, changes.len() as u64))
}

pub(super) fn versions(asked: &Asked<'_>) -> Answer {
    let versions: Vec<_> = asked.site.history.versions().collect();
    let pages = Pages::of(asked);
    let mut answer = pages.cut(asked, &versions, |version| header(&version.header));
    answer.body["lineage"] = json!(asked.site.snapshot.lineage);
    answer
}

fn header(header: &Header) -> Value {
    json!({
        "version": header.version,
        "at": header.at,
        "added": header.changes.added,
        "updated": header.changes.updated,
        "removed": header.changes.removed,
        "note": header.note,
    })
}

/// A version with a page of its changes.
pub(super) fn version(asked: &Asked<'_>) -> Result<Answer, AppError> {
    let number: u64 = asked.argument.parse().map_err(|_| AppError::NotFound)?;
    let version = asked.site.history.get(number).ok_or(AppError::NotFound)?;
    let mut told = header(&version.header);
    let pages = Pages::of_changes(asked);
    let (skip, take) = pages.stretch();
    let changes = version.changes.as_deref();
    let page = changes.map(|changes| changes.iter().skip(skip).take(take).map(change));
    told["changes"] = page.map_or(Value::Null, Iterator::collect);
    Ok(pages.answer(told, changes.map_or(0, <[Change]>::len) as u64))
}

fn change(change: &Change) -> Value {
    let (what, fields) = match (&change.before, &change.after) {
        (Some(before), Some(after)) => ("updated", json!(changed_fields(before, after))),
        (Some(_), None) => ("removed", json!([])),
        _ => ("added", json!([])),
    };
    let item = change.after.as_ref().or(change.before.as_ref());
    json!({
        "kind": change.kind,
        "id": change.id,
        "slug": item.map(|item| &item.slug),
        "name": item.map(|item| item.name()),
        "what": what,
        "fields": fields,
    })
}

fn object(properties: Value) -> Value {
    let required: Vec<_> = properties
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys())
        .collect();
    json!({"type": "object", "required": required, "properties": properties})
}

fn fields_schema() -> Value {
    json!({
        "type": "array",
        "description": "The changed fields; null means unknown.",
        "items": {
            "type": "object",
            "required": ["field", "before", "after"],
            "properties": {"field": {"type": "string"}, "before": {}, "after": {}},
        },
    })
}

pub(super) fn since_schema() -> Value {
    let kind = json!({"type": "string", "enum": Kind::ALL});
    let id = json!({"type": "string"});
    let item = json!({"anyOf": Kind::ALL.map(|kind| json!({"$ref": format!("#/components/schemas/{}", schema_name(kind))}))});
    let list = |items: Value| json!({"type": "array", "items": object(items)});
    object(paged(json!({
        "lineage": {"type": "string", "description": "Identifies the database that the versions belong to."},
        "since": {"type": "integer", "minimum": 0},
        "version": {"type": "integer", "minimum": 0, "description": "The version of your copy once all pages are applied."},
        "added": list(json!({"kind": kind, "id": id, "item": item})),
        "updated": list(json!({"kind": kind, "id": id, "before": item, "after": item, "fields": fields_schema()})),
        "removed": list(json!({"kind": kind, "id": id, "slug": id, "name": id})),
    })))
}

fn paged(mut properties: Value) -> Value {
    for (name, property) in changes_page_properties() {
        properties[name] = property;
    }
    properties
}

fn header_properties() -> Value {
    let count = json!({"type": "integer", "minimum": 0});
    json!({
        "version": {"type": "integer", "minimum": 1},
        "at": {"type": "string", "format": "date-time", "description": "When it was published."},
        "added": count,
        "updated": count,
        "removed": count,
        "note": {"type": ["string", "null"], "description": "Why it was published, if not by an ordinary sync."},
    })
}

pub(super) fn versions_schema() -> Value {
    let mut schema = list_schema(&object(header_properties()));
    schema["properties"]["lineage"] = json!({"type": "string"});
    schema
}

pub(super) fn version_schema() -> Value {
    let mut properties = header_properties();
    properties["changes"] = json!({
        "type": ["array", "null"],
        "items": object(json!({
            "kind": {"type": "string", "enum": Kind::ALL},
            "id": {"type": "string"},
            "slug": {"type": ["string", "null"]},
            "name": {"type": ["string", "null"]},
            "what": {"type": "string", "enum": ["added", "updated", "removed"]},
            "fields": fields_schema(),
        })),
    });
    object(paged(properties))
}
