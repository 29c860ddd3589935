//! A validator for the subset of JSON Schema that the event schemas use.

use serde_json::Value;

/// Whether a value has a schema of an OpenAPI document. Objects must have no unknown fields.
///
/// # Panics
/// For an unsupported keyword, format or type.
pub(super) fn is_valid(document: &Value, schema: &Value, value: &Value) -> bool {
    let keywords = schema.as_object().unwrap().iter();
    let has_only_known_fields = match (&schema["properties"], value.as_object()) {
        (Value::Object(known), Some(fields)) => fields.keys().all(|name| known.contains_key(name)),
        _ => true,
    };
    let mut checks = keywords.map(|(keyword, expected)| match keyword.as_str() {
        "description" | "default" => true,
        "$ref" => {
            let pointer = expected.as_str().unwrap().trim_start_matches('#');
            is_valid(document, document.pointer(pointer).unwrap(), value)
        }
        "type" => match expected {
            Value::Array(types) => types.iter().any(|name| has_type(value, name)),
            name => has_type(value, name),
        },
        "const" => value == expected,
        "enum" => expected.as_array().unwrap().contains(value),
        "oneOf" => {
            let schemas = expected.as_array().unwrap().iter();
            let matching = schemas.filter(|schema| is_valid(document, schema, value));
            matching.count() == 1
        }
        "format" => match expected.as_str().unwrap() {
            "date-time" => value.as_str().is_some_and(|text| {
                text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z')
            }),
            "uint64" => value.is_u64(),
            other => panic!("unsupported format {other}"),
        },
        "minimum" => value
            .as_f64()
            .is_none_or(|number| Some(number) >= expected.as_f64()),
        "items" => {
            let mut items = value.as_array().into_iter().flatten();
            items.all(|item| is_valid(document, expected, item))
        }
        "required" => {
            let mut names = expected.as_array().unwrap().iter();
            names.all(|name| value.get(name.as_str().unwrap()).is_some())
        }
        "properties" => {
            let mut known = expected.as_object().unwrap().iter();
            known.all(|(name, schema)| {
                let field = value.get(name);
                field.is_none_or(|field| is_valid(document, schema, field))
            })
        }
        other => panic!("unsupported keyword {other}"),
    });
    checks.all(|is_met| is_met) && has_only_known_fields
}

fn has_type(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        other => panic!("unsupported type {other}"),
    }
}
