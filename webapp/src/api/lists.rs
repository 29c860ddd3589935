//! The lists of items, and items one by one.

use catalogue_index::Sort;
use common::models::Kind;
use serde_json::{Value, json};

use super::filters;
use super::items::{Shape, fields, schema_of};
use super::operation::{Answer, Asked};
use super::pages::{Pages, list_schema, paging};
use super::parameter::{Form, Parameter};
use crate::http::AppError;

fn sorts(kind: Kind) -> Vec<(&'static str, Sort)> {
    match kind {
        Kind::Movie => vec![
            ("title", Sort::Name),
            ("year", Sort::Year),
            ("score", Sort::Score),
            ("running_time", Sort::RunningTime),
        ],
        _ => vec![("name", Sort::Name)],
    }
}

/// The parameters of a kind's list.
pub(super) fn parameters(kind: Kind) -> Vec<Parameter> {
    let descending = |name| match name {
        "title" => "-title",
        "year" => "-year",
        "score" => "-score",
        "running_time" => "-running_time",
        _ => "-name",
    };
    let ways = sorts(kind).into_iter();
    let ways = ways
        .flat_map(|(name, _)| [name, descending(name)])
        .collect();
    let example = if kind == Kind::Movie { "-year" } else { "name" };
    let sort = Parameter::new(
        "sort",
        Form::OneOf(ways),
        "Sort field; prefix with - for descending order. Unknown values come last. Default: the source’s order.",
        example,
    );
    let mut parameters = paging();
    parameters.push(sort);
    parameters.extend(shaping(kind));
    parameters.extend(filters::parameters(kind));
    parameters
}

/// What chooses how a kind's items are told.
pub(super) fn shaping(kind: Kind) -> Vec<Parameter> {
    let names = fields(kind).iter().map(|field| field.name).collect();
    let relations = fields(kind).iter().filter(|field| field.to().is_some());
    let relations: Vec<_> = relations.map(|field| field.name).collect();
    let example = relations.first().copied().unwrap_or_default();
    let (some, first) = match kind {
        Kind::Movie => ("title,release_year", example),
        _ => ("name,slug", example),
    };
    vec![
        Parameter::new(
            "fields",
            Form::SomeOf(names),
            "Return only these fields.",
            some,
        ),
        Parameter::new(
            "include",
            Form::SomeOf(relations),
            "Relations to expand from IDs to full items.",
            first,
        ),
    ]
}

/// A page of a kind's items.
pub(super) fn list(kind: Kind, asked: &Asked<'_>) -> Result<Answer, AppError> {
    let site = asked.site;
    let found = site
        .indexes
        .lists
        .find(kind, &filters::chosen(kind, asked)?);
    let sort = asked.values.get("sort").unwrap_or_default();
    let descending = sort.starts_with('-');
    let name = sort.trim_start_matches('-');
    let by = sorts(kind).into_iter().find(|(other, _)| *other == name);
    let by = by.map_or(Sort::Source, |(_, by)| by);
    let pages = Pages::of(asked);
    let page = site
        .indexes
        .lists
        .page(kind, &found, (by, descending), pages.stretch());
    let shape = shape(asked);
    let items = page.into_iter();
    let items = items.map(|item| shape.of(&item, &site.indexes.lists));
    Ok(pages.list(asked, found.len(), items.collect()))
}

/// One item, by its slug or its id.
pub(super) fn item(kind: Kind, asked: &Asked<'_>) -> Result<Answer, AppError> {
    let catalogue = &asked.site.snapshot.catalogue;
    let item = catalogue
        .find(kind, asked.argument)
        .ok_or(AppError::NotFound)?;
    Ok(Answer::of(
        shape(asked).of(&item, &asked.site.indexes.lists),
    ))
}

fn shape<'a>(asked: &Asked<'a>) -> Shape<'a> {
    Shape {
        fields: asked.values.words("fields"),
        include: asked.values.words("include").unwrap_or_default(),
        ..Shape::default()
    }
}

/// The description of a kind's list.
pub(super) fn schema(kind: Kind) -> Value {
    list_schema(&json!({"$ref": schema_of(kind)}))
}
