//! The lists of items, and items one by one.

use catalogue_index::Sort;
use common::models::Kind;
use schemars::{JsonSchema as _, Schema, SchemaGenerator};

use super::item_fields::{fields, reference};
use super::item_json::{ItemJson, ItemSerializer};
use super::paging::{self, PageInfo, PagedList};
use super::parameter::{Parameter, ParameterType};
use super::request::ApiRequest;
use super::response::ApiResponse;
use crate::http::AppError;
use crate::lists::filters::{self, UnknownItem};
use crate::lists::sorts;

pub(super) fn list_parameters(kind: Kind) -> Vec<Parameter> {
    let sorts = sorts::options(kind).iter().map(|sort| sort.name);
    let mut parameters = paging::parameters();
    parameters.push(Parameter::new(
        "sort",
        ParameterType::OneOf(sorts.collect()),
        "Sort field; prefix with - for descending order. Unknown values come last. Titles and names are in natural order: without case, accents and signs, numbers by value, other scripts after Latin.",
        if kind == Kind::Movie { "-year" } else { "name" },
    ).or("source order"));
    parameters.extend(field_parameters(kind));
    parameters.extend(filters::of_kind(kind).iter().map(|filter| {
        let parameter_type = match filter.condition.max_value() {
            Some(max) => ParameterType::Integer(0, max.into()),
            None => ParameterType::Text,
        };
        Parameter::new(
            filter.name,
            parameter_type,
            filter.description,
            filter.example,
        )
    }));
    parameters
}

/// The parameters that choose the fields of a kind's items.
pub(super) fn field_parameters(kind: Kind) -> Vec<Parameter> {
    let names = fields(kind).iter().map(|field| field.name);
    let relations = fields(kind).iter();
    let relations: Vec<_> = relations
        .filter(|field| field.related_kind().is_some())
        .map(|field| field.name)
        .collect();
    let first_relation = relations.first().copied().unwrap_or_default();
    vec![
        Parameter::new(
            "fields",
            ParameterType::SomeOf(names.collect()),
            "Return only these fields.",
            match kind {
                Kind::Movie => "title,release_year",
                _ => "name,slug",
            },
        )
        .or("all fields"),
        Parameter::new(
            "include",
            ParameterType::SomeOf(relations),
            "Relations to expand from IDs to full items.",
            first_relation,
        )
        .or("none"),
    ]
}

/// A page of a kind's items.
pub(super) fn list(kind: Kind, request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let site = request.site;
    let filters = filters::of_kind(kind).iter().filter_map(|filter| {
        let value = request.parameters.get(filter.name)?;
        let filter = filter
            .with_value(kind, value, site)
            .map_err(|UnknownItem(other)| {
                AppError::BadRequest(format!(
                    "{} must be a known slug or ID, and {value:?} is neither; see /api/v1/{}",
                    filter.name,
                    other.plural()
                ))
            });
        Some(filter)
    });
    let filters = filters.collect::<Result<Vec<_>, _>>()?;
    let found = site.indexes.lists.find(kind, &filters::combine(filters));
    let sort = request.parameters.get("sort");
    let sort = sort.and_then(|name| sorts::find(kind, name));
    let order = sort.map_or((Sort::Source, false), |sort| sort.order);
    let page = PageInfo::of(request);
    let items = site
        .indexes
        .lists
        .page(kind, &found, order, page.skip_take());
    let serializer = serializer(request);
    let items = items
        .iter()
        .map(|item| serializer.item(item, &site.indexes.lists));
    ApiResponse::list(&PagedList::new(request, page, found.len(), items))
}

/// One item, by its slug or ID.
pub(super) fn show(kind: Kind, request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let site = request.site;
    let item = site.find(kind, request.path_argument)?;
    ApiResponse::new(&serializer(request).item(&item, &site.indexes.lists))
}

fn serializer<'a>(request: &ApiRequest<'a>) -> ItemSerializer<'a> {
    ItemSerializer {
        fields: request.parameters.words("fields"),
        include: request.parameters.words("include").unwrap_or_default(),
        posters: Some(&request.site.sync_status.posters),
        ..ItemSerializer::default()
    }
}

pub(super) fn list_schema(kind: Kind, generator: &mut SchemaGenerator) -> Schema {
    let mut schema = PagedList::<ItemJson>::json_schema(generator);
    if let Some(items) = schema.pointer_mut("/properties/items/items") {
        *items = reference(kind).into();
    }
    schema
}
