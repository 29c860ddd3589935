use std::str::FromStr;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use common::models::{Item, Kind};
use ghibli_api::{Collection, give_back};
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::{Map, Value};

use crate::error::AppError;
use crate::query;
use crate::respond::{JSON_UTF8, Representation};
use crate::site::Current;

/// The most records that `limit` can ask for.
const MOST: usize = 250;

/// What links start with, where that is configured.
#[derive(Clone, Debug, Default)]
pub struct PublicUrl(pub Option<Arc<str>>);

impl PublicUrl {
    /// Where this API stands, as the one who asks sees it.
    fn base(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.0 {
            return format!("{url}/ghibli");
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        format!("http://{}/ghibli", host.unwrap_or("localhost"))
    }
}

/// What a question asks of each record and of the list.
#[derive(Debug, Default)]
struct Question {
    fields: Option<Vec<String>>,
    limit: Option<usize>,
}

/// All records of a collection, as the source gives them.
pub(crate) async fn list(
    State(current): State<Current>,
    State(public_url): State<PublicUrl>,
    collection: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, AppError> {
    let Path(collection) = collection?;
    let kind = kind(&collection)?;
    let question = question(&uri)?;
    let site = current.load()?;
    let base = public_url.base(&headers);
    let catalogue = &site.snapshot.catalogue;
    let records = catalogue
        .iter(kind)
        .take(question.limit.unwrap_or(usize::MAX))
        .map(|item| record(item, &base, question.fields.as_deref()));
    let records: Value = records.collect::<Result<_, _>>()?;
    Ok(pretty(&records)?.at_version(site.version()).into_response())
}

/// One record, by its id.
pub(crate) async fn show(
    State(current): State<Current>,
    State(public_url): State<PublicUrl>,
    address: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, AppError> {
    let Path((collection, id)) = address?;
    let kind = kind(&collection)?;
    let question = question(&uri)?;
    let site = current.load()?;
    let Some(item) = site.snapshot.catalogue.get(kind, &id) else {
        // As the source's own server answers.
        let nothing = (StatusCode::NOT_FOUND, [(CONTENT_TYPE, JSON_UTF8)], "{}");
        return Ok(nothing.into_response());
    };
    let record = record(item, &public_url.base(&headers), question.fields.as_deref())?;
    Ok(pretty(&record)?.at_version(site.version()).into_response())
}

fn kind(collection: &str) -> Result<Kind, AppError> {
    let collection = Collection::from_str(&collection.to_lowercase());
    Ok(match collection.map_err(|_| AppError::NotFound)? {
        Collection::Films => Kind::Movie,
        Collection::People => Kind::Person,
        Collection::Locations => Kind::Location,
        Collection::Species => Kind::Species,
        Collection::Vehicles => Kind::Vehicle,
    })
}

fn question(uri: &Uri) -> Result<Question, AppError> {
    let mut question = Question::default();
    for (name, value) in query::pairs(uri) {
        match &*name {
            "fields" if value.is_empty() => {}
            "fields" => question.fields = Some(value.split(',').map(str::to_owned).collect()),
            "limit" => {
                let limit = query::number(&name, &value, 0, usize::MAX)?;
                question.limit = Some(limit.min(MOST));
            }
            _ => return Err(query::unknown(&name, &["fields", "limit"])),
        }
    }
    Ok(question)
}

fn record(item: &Item, base: &str, fields: Option<&[String]>) -> Result<Value, AppError> {
    let text = give_back(item.source.as_raw(), base);
    let record = serde_json::from_str(&text).map_err(|error| AppError::Internal(error.into()))?;
    Ok(match (record, fields) {
        (Value::Object(mut record), Some(fields)) => {
            let chosen = fields
                .iter()
                .filter_map(|field| record.shift_remove_entry(field));
            Value::Object(chosen.collect::<Map<_, _>>())
        }
        (record, _) => record,
    })
}

/// With two spaces, as the source's own server writes.
fn pretty(value: &Value) -> Result<Representation, AppError> {
    let json =
        serde_json::to_vec_pretty(value).map_err(|error| AppError::Internal(error.into()))?;
    Ok(Representation::new(JSON_UTF8, json).naming_host())
}
