//! The description of the API (OpenAPI 3.1), made from the table of operations.

use axum::extract::State;
use common::models::Kind;
use http::{HeaderMap, Uri};
use http_content::Representation;
use serde_json::{Map, Value, json};

use super::items::{schema, schema_name};
use super::operation::{Asked, OPERATIONS, Operation};
use super::parameter::{self, Parameter};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{AtVersion as _, JSON, PROBLEM};
use crate::state::{CurrentSite, Site};

/// The description, with this server's address and examples from its catalogue.
pub(super) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Representation, AppError> {
    parameter::read(&uri, &[])?;
    let site = current.load()?;
    let document = document(&site, &public_url.root(&headers));
    let json = serde_json::to_vec_pretty(&document);
    let json = json.map_err(|error| AppError::Internal(error.into()))?;
    let answer = Representation::new(JSON, json).at_version(site.version());
    Ok(public_url.with_links(answer))
}

fn document(site: &Site, root: &str) -> Value {
    let paths = OPERATIONS.iter();
    let paths: Map<_, _> = paths
        .map(|operation| {
            (
                operation.path(),
                json!({"get": described(*operation, site)}),
            )
        })
        .collect();
    let mut schemas: Map<_, _> = Kind::ALL
        .map(|kind| (schema_name(kind).to_owned(), schema(kind)))
        .into_iter()
        .collect();
    schemas.insert("Problem".into(), problem());
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
        "components": {"schemas": schemas},
    })
}

fn described(operation: Operation, site: &Site) -> Value {
    let mut parameters: Vec<_> = operation
        .parameters()
        .iter()
        .map(Parameter::described)
        .collect();
    if let Some((name, about, example)) = operation.argument_of(site) {
        let schema = match operation {
            Operation::Version => json!({"type": "integer", "minimum": 1}),
            _ => json!({"type": "string", "minLength": 1}),
        };
        let example = match operation {
            Operation::Version => json!(example.parse::<u64>().unwrap_or(1)),
            _ => json!(example),
        };
        let argument = json!({"name": name, "in": "path", "description": about, "required": true, "schema": schema, "example": example});
        parameters.insert(0, argument);
    }
    let error = |about: &str| {
        json!({
            "description": about,
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        })
    };
    let mut content = json!({"schema": operation.schema()});
    if let Some(example) = example(operation, site) {
        content["example"] = example;
    }
    let mut responses = json!({
        "200": {
            "description": operation.summary(),
            "headers": {
                "ETag": {"schema": {"type": "string"}},
                "X-Catalogue-Version": {"schema": {"type": "integer", "minimum": 0}},
            },
            "content": {JSON: content},
        },
        "304": {"description": "Not modified since the ETag in If-None-Match."},
        "400": error("A parameter is unknown or has an invalid value; detail names it and what is expected."),
        "default": error("Any other error, such as 503 while the catalogue is loading."),
    });
    if operation.argument_of(site).is_some() {
        responses["404"] = error("No such item or version.");
    }
    if operation == Operation::Changes {
        responses["410"] = error(
            "The version is no longer available, is newer than the catalogue or belongs to another lineage: reload the lists.",
        );
    }
    json!({
        "operationId": operation.name(),
        "summary": operation.summary(),
        "description": operation.about(),
        "parameters": parameters,
        "responses": responses,
    })
}

/// What the example of an operation is answered with now.
pub(super) fn example(operation: Operation, site: &Site) -> Option<Value> {
    let uri: Uri = operation.example(site).parse().ok()?;
    let values = parameter::read(&uri, &operation.parameters()).ok()?;
    let asked = Asked {
        site,
        argument: &operation.argument(&uri).ok()?,
        values: &values,
    };
    let mut answer = operation.answer(&asked).ok()?.body;
    if let Some(age) = answer.get_mut("age_seconds").filter(|age| age.is_number()) {
        // The description stays the same as long as the version.
        *age = 60.into();
    }
    Some(answer)
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "required": ["type", "title", "status", "detail", "instance", "request_id"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What is wrong and how to fix it."},
            "instance": {"type": "string", "description": "The requested path."},
            "request_id": {"type": "string", "description": "Identifies the request in the log."},
        },
    })
}
