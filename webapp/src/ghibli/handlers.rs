use http_content::{Representation, RequestConditions};
use std::cell::Cell;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use ghibli_api::{Collection, ListQuery, ListQueryError, Selection};
use http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE, LINK};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use self::ScanOutcome::{Finished, Stopped};
use super::kind_records::KindRecords;
use super::response::{ListResponse, ResponseRecords, not_found, record};
use crate::http::blocking::{LONG, SHORT, encode, run_blocking};
use crate::http::content::{AtVersion as _, JSON_UTF8};
use crate::http::path::OriginalUri;
use crate::http::query;
use crate::http::{AppError, Links};
use crate::state::{CurrentSite, Site, get, kind_of};

/// The scan limit of [`SHORT`] work; a request that scans more records is [`LONG`] work.
const MAX_SHORT_SCAN: usize = 2_000;
/// The address of all collections in one object.
const DB: &str = "db";
const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// The parts of a request that the handlers read.
#[derive(axum::extract::FromRequestParts)]
pub(crate) struct RequestParts {
    method: Method,
    headers: HeaderMap,
    uri: Uri,
    original_uri: Option<Extension<OriginalUri>>,
}

/// The records of a collection that match the query, as the source has them.
pub(crate) async fn list(
    State(current): State<CurrentSite>,
    links: Links,
    collection: Result<Path<String>, PathRejection>,
    parts: RequestParts,
) -> Result<Response, AppError> {
    let Path(name) = collection?;
    if name.eq_ignore_ascii_case(DB) {
        return all(current, &links, parts).await;
    }
    let query = parts.uri.query().unwrap_or_default().to_owned();
    respond(current, &links, &name, query, parts).await
}

/// The addresses of the collections.
pub(crate) async fn index(
    State(current): State<CurrentSite>,
    links: Links,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let base = links.ghibli();
    let names = Collection::ALL
        .map(Collection::path)
        .into_iter()
        .chain([DB]);
    let index: Map<_, _> = names
        .map(|name| (name.to_owned(), Value::from(format!("{base}/{name}"))))
        .collect();
    let json = format!("{:#}", Value::from(index));
    let index = Representation::new(JSON_UTF8, json).at_version(site.version());
    Ok(links.with_links(index))
}

/// All collections in one object. Of the parameters only `callback` counts, as at the source.
async fn all(
    current: CurrentSite,
    links: &Links,
    parts: RequestParts,
) -> Result<Response, AppError> {
    let callbacks = query::pairs(&parts.uri).filter(|(name, _)| name == "callback");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(callbacks)
        .finish();
    let base = links.ghibli();
    let site = current.load()?;
    let conditions = RequestConditions::of(&parts.method, &parts.headers);
    let response = ListResponse {
        query: ListQuery::parse(&query, &base)?,
        url: format!("{base}/{DB}?{query}"),
        catalogue: site.snapshot.catalogue.clone(),
        body: ResponseRecords::Named(
            Collection::ALL
                .map(|collection| {
                    let numbers = site.indexes.lists.source_order(kind_of(collection));
                    (collection, numbers.to_vec())
                })
                .into(),
        ),
        version: site.version(),
    };
    let is_short = site.snapshot.catalogue.len() <= MAX_SHORT_SCAN;
    run_blocking(if is_short { &SHORT } else { &LONG }, move || {
        let response = response.respond(&conditions)?;
        encode(&response, &conditions);
        Ok(response)
    })
    .await?
}

/// The records of a collection that belong to a record of another. As at the source, this filters
/// by a foreign key that no record has, so it returns all of them.
pub(crate) async fn nested(
    State(current): State<CurrentSite>,
    links: Links,
    address: Result<Path<(String, String, String)>, PathRejection>,
    parts: RequestParts,
) -> Result<Response, AppError> {
    let Path((owner, id, name)) = address?;
    let query = parts.uri.query().unwrap_or_default();
    let query = match collection(&owner) {
        Some(owner) => with_parameter(query, owner.foreign_key(), &id),
        None => query.to_owned(),
    };
    respond(current, &links, &name, query, parts).await
}

/// One record, by its id.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    links: Links,
    address: Result<Path<(String, String)>, PathRejection>,
    parts: RequestParts,
) -> Result<Response, AppError> {
    let Path((name, id)) = address?;
    let base = links.ghibli();
    let query = ListQuery::parse(parts.uri.query().unwrap_or_default(), &base)?;
    let site = current.load()?;
    let kind = collection(&name).map(kind_of);
    let item = kind.and_then(|kind| get(&site.snapshot.catalogue, kind, &id));
    match item {
        Some(item) => Ok(record(&query, &item.source.json(), site.version())?.into_response()),
        None => Ok(not_found_response(&query)),
    }
}

async fn respond(
    current: CurrentSite,
    links: &Links,
    name: &str,
    query_string: String,
    parts: RequestParts,
) -> Result<Response, AppError> {
    let base = links.ghibli();
    let query = ListQuery::parse(&query_string, &base)?;
    let site = current.load()?;
    let Some(collection) = collection(name) else {
        return Ok(not_found_response(&query));
    };
    let cancellation = CancellationToken::new();
    // Cancels the scan when the client disconnects, which drops this future.
    let _guard = cancellation.clone().drop_guard();
    let request = ListRequest {
        collection,
        cancellation,
        url: format!("{base}/{collection}?{query_string}"),
        requested_url: requested_url(&base, &parts.uri, parts.original_uri),
        conditions: RequestConditions::of(&parts.method, &parts.headers),
        query,
    };
    let request = Box::new(request);
    let short_scan = move || request.scan(site, MAX_SHORT_SCAN);
    let (request, site) = match run_blocking(&SHORT, short_scan).await?? {
        Finished(response) => return Ok(response),
        Stopped(request, site) => (request, site),
    };
    match run_blocking(&LONG, move || request.scan(site, usize::MAX)).await?? {
        Finished(response) => Ok(response),
        Stopped(..) => Err(AppError::ResponseTimeout),
    }
}

enum ScanOutcome {
    Finished(Response),
    Stopped(Box<ListRequest>, Arc<Site>),
}

/// A query of a collection, with what its response depends on.
struct ListRequest {
    collection: Collection,
    cancellation: CancellationToken,
    query: ListQuery,
    /// The URL with the host, normalized.
    url: String,
    /// The URL as the client wrote it.
    requested_url: String,
    conditions: RequestConditions,
}

impl ListRequest {
    /// The response, if at most `max_scan` records need a scan.
    fn scan(self: Box<Self>, site: Arc<Site>, max_scan: usize) -> Result<ScanOutcome, AppError> {
        let Some(selection) = self.select(&site, max_scan)? else {
            return Ok(Stopped(self, site));
        };
        let conditions = self.conditions.clone();
        let response = self.response(&site, selection)?;
        encode(&response, &conditions);
        Ok(Finished(response))
    }

    /// The matching records; none if the scan reached its limit or was cancelled.
    fn select(&self, site: &Site, max_scan: usize) -> Result<Option<Selection>, ListQueryError> {
        let records = KindRecords {
            collection: self.collection,
            kind: kind_of(self.collection),
            site,
            cancellation: &self.cancellation,
            scans_left: Cell::new(Some(max_scan)),
        };
        let selection = self.query.select(&records);
        // A stopped scan has no valid result, nor a valid error.
        records.scans_left.get().map(|_| selection).transpose()
    }

    fn response(self, site: &Site, selection: Selection) -> Result<Response, AppError> {
        let mut headers = HeaderMap::new();
        if let Some(total) = selection.total {
            headers.insert(X_TOTAL_COUNT, total.into());
            let links = self.query.link_header(&self.requested_url, total);
            if let Some(Ok(links)) = links.map(HeaderValue::try_from) {
                headers.insert(LINK, links);
            }
        }
        if let Some(names) = self.query.exposed_headers() {
            headers.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(names),
            );
        }
        let list = ListResponse {
            query: self.query,
            catalogue: site.snapshot.catalogue.clone(),
            body: ResponseRecords::One(selection.records),
            url: self.url,
            version: site.version(),
        };
        let mut response = list.respond(&self.conditions)?;
        response.headers_mut().extend(headers);
        Ok(response)
    }
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

/// The source's own 404, for collections and records alike.
fn not_found_response(query: &ListQuery) -> Response {
    let (media_type, body) = not_found(query);
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, media_type)], body).into_response()
}

impl From<ListQueryError> for AppError {
    fn from(error: ListQueryError) -> Self {
        Self::BadRequest(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use common::models::Kind;

    use super::*;

    #[test]
    fn a_scan_stops_at_its_limit_or_when_it_is_cancelled() {
        let site = Site::built_in();
        let request = ListRequest {
            collection: Collection::Films,
            cancellation: CancellationToken::new(),
            query: ListQuery::parse("q=a", "http://here").unwrap(),
            url: String::new(),
            requested_url: String::new(),
            conditions: RequestConditions::of(&Method::GET, &HeaderMap::new()),
        };
        let films = site.snapshot.catalogue.count(Kind::Movie);
        let is_finished = |max_scan| request.select(&site, max_scan).unwrap().is_some();
        assert!(is_finished(films));
        assert!(!is_finished(films - 1));
        request.cancellation.cancel();
        assert!(!is_finished(films));
    }
}
