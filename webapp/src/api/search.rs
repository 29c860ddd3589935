use catalogue_search::{FieldMatch, MAX_OFFSET, SearchQuery};
use common::models::Kind;
use serde_json::{Value, json};

use super::operation::{Answer, Asked};
use super::pages::{Pages, list_schema, paging};
use super::parameter::{Form, Parameter};

pub(super) fn parameters() -> Vec<Parameter> {
    let kinds = Kind::ALL.map(Kind::singular).to_vec();
    let mut parameters = vec![
        Parameter::new("q", Form::Text, "Search text.", "totoro").required(),
        Parameter::new(
            "kind",
            Form::SomeOf(kinds),
            "Only results of these kinds.",
            "movie,person",
        ),
    ];
    parameters.extend(paging());
    parameters
}

pub(super) fn search(asked: &Asked<'_>) -> Answer {
    let site = asked.site;
    let words = asked.values.words("kind").unwrap_or_default();
    let kinds: Vec<Kind> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let pages = Pages::of(asked);
    let (offset, limit) = pages.stretch();
    let query = SearchQuery {
        text: asked.values.get("q").unwrap_or_default(),
        kinds: &kinds,
        limit,
        offset: offset.min(MAX_OFFSET + 1),
    };
    let catalogue = &site.snapshot.catalogue;
    let found = site.indexes.search.find(&query, catalogue);
    let total = found.total() as u64;
    let hits = found.hits.iter().filter_map(|hit| {
        let item = site.indexes.lists.item(hit.number)?;
        Some(json!({
            "kind": hit.kind,
            "id": item.id,
            "slug": item.slug,
            "name": item.name(),
            "matched": hit.matches.iter().map(field_match).collect::<Vec<_>>(),
        }))
    });
    let mut answer = pages.list(asked, total, hits.collect());
    if let Value::Object(body) = &mut answer.body {
        body.insert("meant".into(), found.did_you_mean.into());
    }
    answer
}

/// A matching field, its text in parts.
fn field_match(found: &FieldMatch) -> Value {
    let parts = found.parts();
    let parts = parts.map(|(text, is_match)| json!({"text": text, "match": is_match}));
    json!({"field": found.field.property(), "parts": parts.collect::<Vec<_>>()})
}

pub(super) fn schema() -> Value {
    let part = json!({
        "type": "object",
        "required": ["text", "match"],
        "properties": {"text": {"type": "string"}, "match": {"type": "boolean"}},
    });
    let mut schema = list_schema(&json!({
        "type": "object",
        "required": ["kind", "id", "slug", "name", "matched"],
        "properties": {
            "kind": {"type": "string", "enum": Kind::ALL},
            "id": {"type": "string"},
            "slug": {"type": "string"},
            "name": {"type": "string"},
            "matched": {
                "type": "array",
                "description": "Matching fields, split into matching and other parts.",
                "items": {
                    "type": "object",
                    "required": ["field", "parts"],
                    "properties": {"field": {"type": "string"}, "parts": {"type": "array", "items": part}},
                },
            },
        },
    }));
    schema["properties"]["meant"] = json!({
        "type": ["string", "null"],
        "description": "Suggested spelling, if nothing matches the query as typed.",
    });
    schema
}
