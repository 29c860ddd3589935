//! The OpenAPI 3.1 document, generated from the table of operations.

use axum::extract::State;
use common::models::Kind;
use http::Uri;
use http_content::Representation;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::item_fields::{COMPONENTS, schema, schema_name};
use super::operation::{OPERATIONS, Operation, PathParameter};
use super::parameter::{self, Parameter};
use super::webhooks::webhooks;
use crate::http::content::{AtVersion as _, JSON, PROBLEM};
use crate::http::path::VERSION;
use crate::http::{AppError, Links, ProblemDetails};
use crate::state::{CurrentSite, Site};

/// The document, with this server's address and examples from its catalogue.
pub(super) async fn show(
    State(current): State<CurrentSite>,
    links: Links,
    uri: Uri,
) -> Result<Representation, AppError> {
    parameter::parse(&uri, &[])?;
    let site = current.load()?;
    let document = document(&site, links.root());
    let json = serde_json::to_vec_pretty(&document);
    let json = json.map_err(|error| AppError::Internal(error.into()))?;
    let document = Representation::new(JSON, json).at_version(site.version());
    Ok(links.with_links(document))
}

fn document(site: &Site, root: &str) -> Value {
    let mut generator = generator();
    let paths: Map<_, _> = OPERATIONS
        .iter()
        .map(|operation| {
            let described = describe(operation, site, &mut generator);
            (operation.path.clone(), json!({"get": described}))
        })
        .collect();
    generator.subschema_for::<ProblemDetails>();
    let webhooks = webhooks(&mut generator);
    let schemas = definitions(&mut generator);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "PyFlix",
            "version": "1",
            "summary": "Studio Ghibli’s movies as a typed, repaired and versioned catalogue.",
            "description": "Public, read-only and open to any origin. Responses carry `X-Catalogue-Version` and a strong `ETag`; send it as `If-None-Match` and an unchanged response is a 304. `/events` announces each version as it is published. Clients of the Ghibli API can use the drop-in replacement under `/ghibli`.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": root}],
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": schemas,
            "parameters": {VERSION: Parameter::version().to_openapi()},
        },
    })
}

/// A generator whose references lead to the components of an OpenAPI document.
pub(super) fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings = settings.with(|settings| settings.definitions_path = COMPONENTS.into());
    settings.into_generator()
}

/// The named schemas that have been referred to, and those of items.
pub(super) fn definitions(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let mut schemas = generator.take_definitions(true);
    schemas.extend(Kind::ALL.map(|kind| (schema_name(kind).to_owned(), schema(kind))));
    schemas
}

fn describe(operation: &Operation, site: &Site, generator: &mut SchemaGenerator) -> Value {
    let path_parameter = operation.path_parameter.iter().map(|parameter| {
        let example = parameter.example(site);
        let (schema, example) = match parameter {
            PathParameter::Version => (
                json!({"type": "integer", "minimum": 1}),
                json!(example.parse::<u64>().unwrap_or(1)),
            ),
            PathParameter::Item(_) | PathParameter::Filmmaker(_) => (json!({"type": "string", "minLength": 1}), json!(example)),
        };
        json!({"name": parameter.name(), "in": "path", "description": parameter.description(), "required": true, "schema": schema, "example": example})
    });
    let parameters = operation.parameters.iter();
    let parameters = parameters.map(|parameter| match parameter.is_version() {
        true => json!({"$ref": format!("#/components/parameters/{VERSION}")}),
        false => parameter.to_openapi(),
    });
    let problem = json!({"schema": {"$ref": format!("{COMPONENTS}/ProblemDetails")}});
    let error =
        |description: &str| json!({"description": description, "content": {PROBLEM: problem}});
    let mut content = json!({"schema": (operation.body_schema)(generator)});
    if let Some(example) = example_response(operation, site) {
        content["example"] = example;
    }
    let mut responses = json!({
        "200": {
            "description": operation.summary,
            "headers": {
                "ETag": {"schema": {"type": "string"}},
                "X-Catalogue-Version": {"schema": {"type": "integer", "minimum": 0}},
            },
            "content": {JSON: content},
        },
        "304": {"description": "Not modified since the ETag in If-None-Match."},
        "400": error("A parameter is unknown or has an invalid value; `detail` names it and what is expected."),
        "default": error("Any other error, such as 503 while the catalogue is loading."),
    });
    if operation.path_parameter.is_some() || operation.is_at_any_version() {
        responses["404"] = error("No such item, director, producer or version.");
    }
    if let Some(gone) = operation.gone {
        responses["410"] = error(gone);
    }
    json!({
        "operationId": operation.id,
        "tags": [operation.group],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": path_parameter.chain(parameters).collect::<Vec<_>>(),
        "responses": responses,
    })
}

/// The current response to an operation's example.
pub(super) fn example_response(operation: &Operation, site: &Site) -> Option<Value> {
    let uri: Uri = operation.example(site).parse().ok()?;
    let response = operation.respond(site, &uri).ok()?;
    let mut body: Value = serde_json::from_slice(&response.json).ok()?;
    if let Some(age) = body.get_mut("age_seconds").filter(|age| age.is_number()) {
        // The document stays the same as long as the version.
        *age = 60.into();
    }
    Some(body)
}
