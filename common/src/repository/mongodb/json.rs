use mongodb::bson::raw::CString;
use mongodb::bson::{Bson, Decimal128, Document, RawArrayBuf, RawBson, RawDocumentBuf};
use serde_json::{Map, Number, Value};

/// Adds fields to a document, except those with names that it has already.
pub(super) fn extend(document: &mut RawDocumentBuf, fields: Map<String, Value>) {
    let there = document.iter().flatten();
    let mut names: Vec<CString> = there.map(|(name, _)| name.into()).collect();
    for (name, value) in fields {
        // `stored_name` leaves no NUL.
        let Ok(name) = CString::try_from(stored_name(name)) else {
            continue;
        };
        if !names.contains(&name) {
            document.append(&name, to_bson(value));
            names.push(name);
        }
    }
}

/// The fields of a document; the inverse of [`extend`]. Types that JSON does not have become text.
pub(super) fn fields(document: Document) -> Map<String, Value> {
    document
        .into_iter()
        .map(|(name, value)| (given_name(name), to_json(value)))
        .collect()
}

fn to_bson(value: Value) -> RawBson {
    match value {
        Value::Null => RawBson::Null,
        Value::Bool(value) => RawBson::Boolean(value),
        Value::Number(number) => number_to_bson(&number),
        Value::String(text) => RawBson::String(text),
        Value::Array(values) => {
            let values: RawArrayBuf = values.into_iter().map(to_bson).collect();
            RawBson::Array(values)
        }
        Value::Object(fields) => {
            let mut document = RawDocumentBuf::new();
            extend(&mut document, fields);
            RawBson::Document(document)
        }
    }
}

/// The narrowest type that holds it, so that a shell shows `5` and not `Long("5")`.
fn number_to_bson(number: &Number) -> RawBson {
    if let Some(number) = number.as_i64() {
        return i32::try_from(number).map_or(RawBson::Int64(number), RawBson::Int32);
    }
    if let Some(number) = number.as_u64()
        && let Ok(number) = number.to_string().parse::<Decimal128>()
    {
        return RawBson::Decimal128(number);
    }
    number.as_f64().map_or(RawBson::Null, RawBson::Double)
}

fn to_json(value: Bson) -> Value {
    match value {
        Bson::Null | Bson::Undefined => Value::Null,
        Bson::Boolean(value) => Value::Bool(value),
        Bson::Int32(number) => Value::from(number),
        Bson::Int64(number) => Value::from(number),
        Bson::Double(number) => Value::from(number),
        Bson::Decimal128(number) => {
            let text = number.to_string();
            text.parse::<u64>().map_or(Value::String(text), Value::from)
        }
        Bson::String(text) => Value::String(text),
        Bson::Array(values) => Value::Array(values.into_iter().map(to_json).collect()),
        Bson::Document(document) => Value::Object(fields(document)),
        Bson::DateTime(date) => Value::from(
            date.try_to_rfc3339_string()
                .unwrap_or_else(|_| date.timestamp_millis().to_string()),
        ),
        Bson::ObjectId(id) => Value::from(id.to_hex()),
        other => Value::from(other.to_string()),
    }
}

/// MongoDB takes names with `$` in front for operators, and refuses a NUL.
fn stored_name(name: String) -> String {
    match name.strip_prefix('$') {
        Some(rest) => format!("\u{ff04}{rest}").replace('\0', "\u{2400}"),
        None if name.contains('\0') => name.replace('\0', "\u{2400}"),
        None => name,
    }
}

fn given_name(name: String) -> String {
    match name.strip_prefix('\u{ff04}') {
        Some(rest) => format!("${rest}").replace('\u{2400}', "\0"),
        None if name.contains('\u{2400}') => name.replace('\u{2400}', "\0"),
        None => name,
    }
}
