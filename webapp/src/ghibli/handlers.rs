use http_content::Conditions;
use std::cell::Cell;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use ghibli_api::{Collection, ListQuery, ListQueryError, Selection};
use http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE, LINK};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use tokio_util::sync::CancellationToken;

use self::Looked::{Answered, Unfinished};
use super::kind_records::Kept;
use super::response::{List, nothing, record};
use crate::http::blocking::{LONG, SHORT, encode, run_blocking};
use crate::http::path::OriginalUri;
use crate::http::{AppError, PublicUrl};
use crate::state::{CurrentSite, Site, kind_of};

/// So many records may be looked at as short work; a request that needs more is long work.
const FEW_LOOKS: usize = 2_000;
const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// What the handlers take from a request.
#[derive(axum::extract::FromRequestParts)]
pub(crate) struct Call {
    method: Method,
    headers: HeaderMap,
    uri: Uri,
    original_uri: Option<Extension<OriginalUri>>,
}

/// The records of a collection that answer the question, as the source gives them.
pub(crate) async fn list(
    State(current): State<CurrentSite>,
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
    State(current): State<CurrentSite>,
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
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    address: Result<Path<(String, String)>, PathRejection>,
    call: Call,
) -> Result<Response, AppError> {
    let Path((name, id)) = address?;
    let base = base(&public_url, &call.headers);
    let question = ListQuery::parse(call.uri.query().unwrap_or_default(), &base)?;
    let site = current.load()?;
    let kind = collection(&name).map(kind_of);
    let item = kind.and_then(|kind| site.snapshot.catalogue.get(kind, &id));
    match item {
        Some(item) => Ok(record(&question, &item.source.json(), site.version())?.into_response()),
        None => Ok(not_there(&question)),
    }
}

async fn answer(
    current: CurrentSite,
    public_url: PublicUrl,
    name: &str,
    query: String,
    call: Call,
) -> Result<Response, AppError> {
    let base = base(&public_url, &call.headers);
    let question = ListQuery::parse(&query, &base)?;
    let site = current.load()?;
    let Some(collection) = collection(name) else {
        return Ok(not_there(&question));
    };
    let unwanted = CancellationToken::new();
    // Goes with the request, when nobody waits any longer.
    let _unwanted = unwanted.clone().drop_guard();
    let looking = Looking {
        collection,
        unwanted,
        asked: format!("{base}/{collection}?{query}"),
        address: requested_url(&base, &call.uri, call.original_uri),
        conditions: Conditions::of(&call.method, &call.headers),
        question,
    };
    let looking = Box::new(looking);
    let few = move || looking.answered(site, FEW_LOOKS);
    let (looking, site) = match run_blocking(&SHORT, few).await?? {
        Answered(response) => return Ok(response),
        Unfinished(looking, site) => (looking, site),
    };
    match run_blocking(&LONG, move || looking.answered(site, usize::MAX)).await?? {
        Answered(response) => Ok(response),
        Unfinished(..) => Err(AppError::TookTooLong),
    }
}

enum Looked {
    Answered(Response),
    Unfinished(Box<Looking>, Arc<Site>),
}

/// A question to a collection.
struct Looking {
    collection: Collection,
    unwanted: CancellationToken,
    question: ListQuery,
    /// What names the question, the host included.
    asked: String,
    /// Where it was asked, written as it came.
    address: String,
    conditions: Conditions,
}

impl Looking {
    /// The response after so many looks at most.
    fn answered(self: Box<Self>, site: Arc<Site>, most_looks: usize) -> Result<Looked, AppError> {
        let Some(selection) = self.select(&site, most_looks)? else {
            return Ok(Unfinished(self, site));
        };
        let conditions = self.conditions.clone();
        let response = self.answer(&site, selection)?;
        encode(&response, &conditions);
        Ok(Answered(response))
    }

    /// The records that answer; none if more looks would have been needed, or nobody waits.
    fn select(&self, site: &Site, most_looks: usize) -> Result<Option<Selection>, ListQueryError> {
        let kept = Kept {
            collection: self.collection,
            kind: kind_of(self.collection),
            site,
            unwanted: &self.unwanted,
            looks_left: Cell::new(Some(most_looks)),
        };
        let selection = self.question.select(&kept);
        // What was seen of a part says nothing, nor does an error over it.
        kept.looks_left.get().map(|_| selection).transpose()
    }

    fn answer(self, site: &Site, selection: Selection) -> Result<Response, AppError> {
        let mut headers = HeaderMap::new();
        if let Some(total) = selection.total {
            headers.insert(X_TOTAL_COUNT, total.into());
            let links = self.question.link_header(&self.address, total);
            if let Some(Ok(links)) = links.map(HeaderValue::try_from) {
                headers.insert(LINK, links);
            }
        }
        if let Some(names) = self.question.exposed_headers() {
            headers.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(names),
            );
        }
        let list = List {
            question: self.question,
            catalogue: site.snapshot.catalogue.clone(),
            numbers: selection.records,
            asked: self.asked,
            version: site.version(),
        };
        let mut response = list.answer(&self.conditions)?;
        response.headers_mut().extend(headers);
        Ok(response)
    }
}

/// The base URL of this API.
fn base(public_url: &PublicUrl, headers: &HeaderMap) -> String {
    format!("{}/ghibli", public_url.root(headers))
}

/// The requested URL below `base`, as the client wrote it.
fn requested_url(base: &str, uri: &Uri, original: Option<Extension<OriginalUri>>) -> String {
    let uri = original.map_or_else(|| uri.clone(), |Extension(OriginalUri(uri))| uri);
    let path = uri.path_and_query().map_or("", |target| target.as_str());
    let below = path.trim_start_matches('/').split_once('/');
    format!("{base}/{}", below.map_or("", |(_, below)| below))
}

fn with_parameter(query: &str, name: &str, value: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(query.to_owned());
    query.append_pair(name, value).finish()
}

fn collection(name: &str) -> Option<Collection> {
    Collection::from_str(&name.to_lowercase()).ok()
}

/// As the source's own server answers, for a collection as for a record.
fn not_there(question: &ListQuery) -> Response {
    let (media_type, body) = nothing(question);
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, media_type)], body).into_response()
}

impl From<ListQueryError> for AppError {
    fn from(bad: ListQueryError) -> Self {
        Self::BadRequest(bad.to_string())
    }
}

#[cfg(test)]
mod tests {
    use common::models::Kind;

    use super::*;

    #[test]
    fn a_look_ends_after_its_last_record_or_when_nobody_waits_any_longer() {
        let site = Site::built_in();
        let looking = Looking {
            collection: Collection::Films,
            unwanted: CancellationToken::new(),
            question: ListQuery::parse("q=a", "http://here").unwrap(),
            asked: String::new(),
            address: String::new(),
            conditions: Conditions::of(&Method::GET, &HeaderMap::new()),
        };
        let films = site.snapshot.catalogue.count(Kind::Movie);
        let ends = |most| looking.select(&site, most).unwrap().is_some();
        assert!(ends(films));
        assert!(!ends(films - 1));
        looking.unwanted.cancel();
        assert!(!ends(films));
    }
}
