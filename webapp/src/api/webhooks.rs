//! The webhooks of the OpenAPI document, generated from the types of events.

use common::models::EventData;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::http::content::JSON;

const DESCRIPTION: &str = "Posted to the URLs in `PYFLIX_WEBHOOK_URLS`, signed as [Standard Webhooks](https://www.standardwebhooks.com/) defines, at least once and in order.";

/// The events, by type.
pub(super) fn webhooks(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let mut types = EventData::json_schema(generator).to_value();
    let types = types["oneOf"].as_array_mut().map(std::mem::take);
    let types = types.unwrap_or_default().into_iter();
    types
        .map(|schema| {
            let name = schema["properties"]["type"]["const"].as_str();
            let name = name.unwrap_or_default().to_owned();
            let webhook = json!({"post": describe(&name, schema)});
            (name, webhook)
        })
        .collect()
}

fn describe(name: &str, mut schema: Value) -> Value {
    let summary = schema["description"].take();
    schema["description"] = json!("An event.");
    schema["properties"]["timestamp"] =
        json!({"type": "string", "format": "date-time", "description": "When it happened."});
    schema["required"] = json!(["type", "timestamp", "data"]);
    let header = |name: &str, description: &str| json!({"name": name, "in": "header", "description": description, "required": true, "schema": {"type": "string"}});
    json!({
        "operationId": format!("on_{}", name.replace('.', "_")),
        "summary": summary,
        "description": DESCRIPTION,
        "parameters": [
            header("webhook-id", "Identifies the event, in every attempt."),
            header("webhook-timestamp", "Time of the attempt in seconds since 1970."),
            header("webhook-signature", "`v1,` and the base64 of HMAC-SHA256(secret, `id.timestamp.body`)."),
        ],
        "requestBody": {"required": true, "content": {JSON: {"schema": schema}}},
        "responses": {
            "2XX": {"description": "The event is accepted."},
            "default": {"description": "The event is sent again, after `Retry-After` at the earliest."},
        },
    })
}
