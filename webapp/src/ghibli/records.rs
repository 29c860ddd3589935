use std::str::FromStr;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use common::models::Kind;
use ghibli_api::{BadQuestion, Collection, Question};
use http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE, LINK};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use super::body::{List, nothing, record};
use super::host::{PublicUrl, whole_address};
use crate::error::AppError;
use crate::middleware::Asked;
use crate::respond::Conditions;
use crate::site::{Current, Site};

/// A collection of more than this is read apart from the tasks that serve.
const MANY: usize = 1_000;
const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// What the handlers take from a request.
#[derive(axum::extract::FromRequestParts)]
pub(crate) struct Call {
    method: Method,
    headers: HeaderMap,
    uri: Uri,
    asked: Option<Extension<Asked>>,
}

/// The records of a collection that answer the question, as the source gives them.
pub(crate) async fn list(
    State(current): State<Current>,
    State(public_url): State<PublicUrl>,
    collection: Result<Path<String>, PathRejection>,
    call: Call,
) -> Result<Response, AppError> {
    let Path(name) = collection?;
    let query = call.uri.query().unwrap_or_default().to_owned();
    answer(current, public_url, &name, query, call).await
}

/// The records of a collection that belong to a record of another: the source's own rule, which
/// asks for a field that its records do not have, and so gives all of them.
pub(crate) async fn nested(
    State(current): State<Current>,
    State(public_url): State<PublicUrl>,
    address: Result<Path<(String, String, String)>, PathRejection>,
    call: Call,
) -> Result<Response, AppError> {
    let Path((owner, id, name)) = address?;
    let query = call.uri.query().unwrap_or_default();
    let query = match collection(&owner) {
        Some(owner) => with_parameter(query, owner.foreign_key(), &id),
        None => query.to_owned(),
    };
    answer(current, public_url, &name, query, call).await
}

/// One record, by its id.
pub(crate) async fn show(
    State(current): State<Current>,
    State(public_url): State<PublicUrl>,
    address: Result<Path<(String, String)>, PathRejection>,
    call: Call,
) -> Result<Response, AppError> {
    let Path((name, id)) = address?;
    let base = public_url.base(&call.headers);
    let question = Question::read(call.uri.query().unwrap_or_default(), &base)?;
    let site = current.load()?;
    let kind = collection(&name).map(kind);
    let item = kind.and_then(|kind| site.snapshot.catalogue.get(kind, &id));
    match item {
        Some(item) => Ok(record(&question, &item.source.json(), site.version())?.into_response()),
        None => Ok(not_there(&question)),
    }
}

async fn answer(
    current: Current,
    public_url: PublicUrl,
    name: &str,
    query: String,
    call: Call,
) -> Result<Response, AppError> {
    let base = public_url.base(&call.headers);
    let question = Question::read(&query, &base)?;
    let site = current.load()?;
    let Some(collection) = collection(name) else {
        return Ok(not_there(&question));
    };
    let kind = kind(collection);
    let looking = Looking {
        kind,
        asked: format!("{base}/{collection}?{query}"),
        address: whole_address(&base, &call.uri, call.asked),
        conditions: Conditions::of(&call.method, &call.headers),
        question,
    };
    if site.snapshot.catalogue.count(kind) <= MANY {
        return looking.among(&site);
    }
    tokio::task::spawn_blocking(move || looking.among(&site))
        .await
        .map_err(|error| AppError::Internal(error.into()))?
}

/// A question to a collection.
struct Looking {
    kind: Kind,
    question: Question,
    /// What names the question, the host included.
    asked: String,
    /// Where it was asked, written as it came.
    address: String,
    conditions: Conditions,
}

impl Looking {
    fn among(self, site: &Site) -> Result<Response, AppError> {
        let catalogue = &site.snapshot.catalogue;
        let numbers = site.index.in_order(self.kind);
        let selection = self.question.select(
            || numbers.iter().copied(),
            numbers.len(),
            |number| catalogue.source(*number).unwrap_or_default(),
        )?;
        let mut headers = HeaderMap::new();
        if let Some(total) = selection.total {
            headers.insert(X_TOTAL_COUNT, total.into());
            let links = self.question.links(&self.address, total);
            if let Some(Ok(links)) = links.map(HeaderValue::try_from) {
                headers.insert(LINK, links);
            }
        }
        if let Some(names) = self.question.exposed() {
            headers.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(names),
            );
        }
        let list = List {
            question: self.question,
            catalogue: catalogue.clone(),
            numbers: selection.records,
            asked: self.asked,
            version: site.version(),
        };
        let mut response = list.answer(&self.conditions)?;
        response.headers_mut().extend(headers);
        Ok(response)
    }
}

fn with_parameter(query: &str, name: &str, value: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(query.to_owned());
    query.append_pair(name, value).finish()
}

fn collection(name: &str) -> Option<Collection> {
    Collection::from_str(&name.to_lowercase()).ok()
}

const fn kind(collection: Collection) -> Kind {
    match collection {
        Collection::Films => Kind::Movie,
        Collection::People => Kind::Person,
        Collection::Locations => Kind::Location,
        Collection::Species => Kind::Species,
        Collection::Vehicles => Kind::Vehicle,
    }
}

/// As the source's own server answers, for a collection as for a record.
fn not_there(question: &Question) -> Response {
    let (media_type, body) = nothing(question);
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, media_type)], body).into_response()
}

impl From<BadQuestion> for AppError {
    fn from(bad: BadQuestion) -> Self {
        Self::BadRequest(bad.to_string())
    }
}
