use std::ops::Range;

use catalogue_search::{FURTHEST, Matched, Question};
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
    let question = Question {
        text: asked.values.get("q").unwrap_or_default(),
        kinds: &kinds,
        limit,
        offset: offset.min(FURTHEST + 1),
    };
    let catalogue = &site.snapshot.catalogue;
    let found = site.indexes.search.find(&question, catalogue);
    let total = found.total() as u64;
    let hits = found.hits.iter().filter_map(|hit| {
        let item = site.indexes.lists.item(hit.number)?;
        Some(json!({
            "kind": hit.kind,
            "id": item.id,
            "slug": item.slug,
            "name": item.name(),
            "matched": hit.matched.iter().map(matched).collect::<Vec<_>>(),
        }))
    });
    let mut answer = pages.list(asked, total, hits.collect());
    if let Value::Object(body) = &mut answer.body {
        body.insert("meant".into(), found.meant.into());
    }
    answer
}

/// A text in parts, of which some match.
fn matched(matched: &Matched) -> Value {
    let mut parts = Vec::new();
    let mut push = |range: Range<usize>, is_match: bool| {
        if let Some(text) = matched.text.get(range).filter(|text| !text.is_empty()) {
            parts.push(json!({"text": text, "match": is_match}));
        }
    };
    let mut done = 0;
    for span in &matched.spans {
        push(done..span.start, false);
        push(span.clone(), true);
        done = span.end;
    }
    push(done..matched.text.len(), false);
    json!({"field": matched.field.word(), "parts": parts})
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
