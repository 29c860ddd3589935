use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use common::models::{Item, Kind};
use futures::stream;
use ghibli_api::query::{Answer, Question, QuestionError};
use ghibli_api::{Collection, give_back};
use http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE, HOST, LINK};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use serde_json::Value;

use super::written::{JsonList, callback, pretty};
use crate::error::AppError;
use crate::respond::{Conditions, JAVASCRIPT, JSON_UTF8, Representation, streamed};
use crate::site::{Current, Site};

const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");
/// A longer list is sent as it is made, and a larger collection searched beside the serving.
const LONG: usize = 2_000;

/// What links start with, where that is configured.
#[derive(Clone, Debug, Default)]
pub struct PublicUrl(pub Option<Arc<str>>);

impl PublicUrl {
    /// Where this app stands, as the one who asks sees it.
    pub(crate) fn root(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.0 {
            return url.to_string();
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        format!("http://{}", host.unwrap_or("localhost"))
    }

    /// An answer that names this app, as the one who asks sees it.
    pub(crate) fn named_in(&self, answer: Representation) -> Representation {
        if self.0.is_some() {
            answer
        } else {
            answer.naming_host()
        }
    }
}

/// The records of a collection, as the source gives them.
pub(crate) async fn list(
    current: State<Current>,
    public_url: State<PublicUrl>,
    collection: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, AppError> {
    let Path(collection) = collection?;
    answer(current, public_url, &collection, headers, uri).await
}

/// The same below an item, as if the item were not there: what the source's own server makes of
/// relations that records do not tell by a field like `filmId`.
pub(crate) async fn nested(
    current: State<Current>,
    public_url: State<PublicUrl>,
    address: Result<Path<(String, String, String)>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, AppError> {
    let Path((_, _, collection)) = address?;
    answer(current, public_url, &collection, headers, uri).await
}

async fn answer(
    State(current): State<Current>,
    State(public_url): State<PublicUrl>,
    collection: &str,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, AppError> {
    let question = question(&uri)?;
    let site = current.load()?;
    let Some(kind) = kind(collection) else {
        return Ok(nothing(&question));
    };
    let root = public_url.root(&headers);
    let base = format!("{root}/ghibli");
    let found = found(site.clone(), kind, question.clone(), base.clone()).await??;
    let mut fields = HeaderMap::new();
    if let Some(total) = found.total {
        let exposed = match &found.links {
            Some(_) => "X-Total-Count, Link",
            None => "X-Total-Count",
        };
        fields.insert(X_TOTAL_COUNT, HeaderValue::from(total));
        fields.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(exposed),
        );
    }
    if let Some(links) = found.links {
        let asked = uri.path_and_query().map_or("", |asked| asked.as_str());
        let asked = format!("{root}{asked}");
        let links = links
            .iter()
            .map(|(relation, page)| format!("<{}>; rel=\"{relation}\"", page.address(&asked)));
        let links = links.collect::<Vec<_>>().join(", ");
        let links = HeaderValue::try_from(links).context("a link that fits no header");
        fields.insert(LINK, links.map_err(AppError::Internal)?);
    }
    if found.records.len() > LONG && question.callback().is_none() {
        let identity = format!("{:?} {root} {uri}", (site.version(), &site.snapshot.header));
        let conditions = Conditions::of(&http::Method::GET, &headers);
        let pieces = JsonList::of(found.records, move |item| {
            Ok(question.shape(record(&item, &base)?))
        });
        let body = || Body::from_stream(stream::iter(pieces));
        let answer = streamed(JSON_UTF8, &identity, site.version(), &conditions, body);
        return Ok((fields, answer).into_response());
    }
    let records = found.records.into_iter();
    let shaped = records.map(|item| Ok(question.shape(record(&item, &base)?)));
    let records: Value = shaped.collect::<Result<_, AppError>>()?;
    let answer = said(&question, &records)?.at_version(site.version());
    Ok((fields, public_url.named_in(answer)).into_response())
}

/// Looking through a large collection takes longer than a request may hold up others.
async fn found(
    site: Arc<Site>,
    kind: Kind,
    question: Question,
    base: String,
) -> Result<Result<Answer<Arc<Item>>, QuestionError>, AppError> {
    let is_long = question.looks_at_all() && site.snapshot.catalogue.count(kind) > LONG;
    let find = move || {
        let catalogue = &site.snapshot.catalogue;
        let found = question.answer(
            || catalogue.iter(kind),
            |item| record(item, &base).unwrap_or_default(),
        )?;
        Ok(Answer {
            records: found.records.into_iter().cloned().collect(),
            total: found.total,
            links: found.links,
        })
    };
    if !is_long {
        return Ok(find());
    }
    let found = tokio::task::spawn_blocking(find).await;
    found.map_err(|error| AppError::Internal(error.into()))
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
    let question = question(&uri)?;
    let site = current.load()?;
    let item = kind(&collection).and_then(|kind| site.snapshot.catalogue.get(kind, &id));
    let Some(item) = item else {
        return Ok(nothing(&question));
    };
    let base = format!("{}/ghibli", public_url.root(&headers));
    let record = question.shape(record(item, &base)?);
    let answer = said(&question, &record)?.at_version(site.version());
    Ok(public_url.named_in(answer).into_response())
}

fn kind(collection: &str) -> Option<Kind> {
    let collection = Collection::from_str(&collection.to_lowercase()).ok()?;
    Some(match collection {
        Collection::Films => Kind::Movie,
        Collection::People => Kind::Person,
        Collection::Locations => Kind::Location,
        Collection::Species => Kind::Species,
        Collection::Vehicles => Kind::Vehicle,
    })
}

fn question(uri: &Uri) -> Result<Question, AppError> {
    Ok(Question::parse(uri.query().unwrap_or_default())?)
}

impl From<QuestionError> for AppError {
    fn from(error: QuestionError) -> Self {
        Self::BadRequest(error.to_string())
    }
}

fn record(item: &Item, base: &str) -> Result<Value, AppError> {
    let text = give_back(item.source.as_raw(), base);
    serde_json::from_str(&text).map_err(|error| AppError::Internal(error.into()))
}

fn said(question: &Question, value: &Value) -> Result<Representation, AppError> {
    let json = pretty(value)?;
    Ok(match question.callback() {
        Some(name) => Representation::new(JAVASCRIPT, callback(name, &json)),
        None => Representation::new(JSON_UTF8, json),
    })
}

/// As the source's own server answers where nothing is.
fn nothing(question: &Question) -> Response {
    let (content_type, body) = match question.callback() {
        Some(name) => (JAVASCRIPT, Bytes::from(callback(name, "{}"))),
        None => (JSON_UTF8, Bytes::from_static(b"{}")),
    };
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, content_type)], body).into_response()
}
