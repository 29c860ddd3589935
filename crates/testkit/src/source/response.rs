use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use axum::{
    body::Body,
    http::{HeaderValue, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::body::Incoming;
use serde_json::Value;

use super::{COLLECTIONS, EtagMode, State, fault, locked};

/// Maximum of `limit`.
const MAX_LIMIT: usize = 250;
/// Page size without `_limit`.
const DEFAULT_PAGE_SIZE: usize = 10;

/// Responds to a request, with the fault of its collection if it has one.
pub(super) async fn respond(
    state: &State,
    request: Request<Incoming>,
) -> Result<Response, fault::Reset> {
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str())
        .to_owned();
    let collection = collection_of(&target);
    state
        .requested
        .send_modify(|paths| paths.push(target.clone()));
    let mut reply = correct_reply(state, &target);
    if let Some(fault) = state.next_fault(collection) {
        return fault.respond(&target, reply.body).await;
    }
    let etag = match *locked(&state.etag_mode) {
        _ if reply.status != StatusCode::OK => None,
        EtagMode::None => None,
        EtagMode::OfBody => Some(etag(&reply.body)),
        EtagMode::Constant => Some(HeaderValue::from_static("\"alike\"")),
    };
    if let Some(etag) = etag {
        if request.headers().get(header::IF_NONE_MATCH) == Some(&etag) {
            *locked(&state.not_modified)
                .entry(collection.to_owned())
                .or_default() += 1;
            reply.status = StatusCode::NOT_MODIFIED;
            reply.body.clear();
        }
        reply.etag = Some(etag);
    }
    Ok(reply.into_response())
}

fn etag(body: &str) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    tag.parse().expect("hexadecimal fits a header")
}

/// The first part of a path.
pub(super) fn collection_of(path: &str) -> &str {
    path.trim_start_matches('/')
        .split(['/', '?'])
        .next()
        .unwrap_or("")
}

struct Reply {
    status: StatusCode,
    total: Option<usize>,
    etag: Option<HeaderValue>,
    body: String,
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
        let mut response = (self.status, json, Body::from(self.body)).into_response();
        if let Some(total) = self.total {
            response.headers_mut().insert("x-total-count", total.into());
        }
        if let Some(etag) = self.etag {
            response.headers_mut().insert(header::ETAG, etag);
        }
        response
    }
}

fn correct_reply(state: &State, target: &str) -> Reply {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let collection = parts.next().filter(|name| COLLECTIONS.contains(name));
    let Some(collection) = collection else {
        return Reply {
            status: StatusCode::NOT_FOUND,
            total: None,
            etag: None,
            body: "{}".to_owned(),
        };
    };
    let catalogue = locked(&state.catalogue);
    let records = catalogue.collection(collection);
    match parts.next() {
        Some(id) => one(records, id),
        None => many(records, query, state.cap),
    }
}

fn one(records: &[Value], id: &str) -> Reply {
    match records.iter().find(|record| record["id"] == id) {
        Some(record) => Reply {
            status: StatusCode::OK,
            total: None,
            etag: None,
            body: record.to_string(),
        },
        None => Reply {
            status: StatusCode::NOT_FOUND,
            total: None,
            etag: None,
            body: "{}".to_owned(),
        },
    }
}

fn many(records: &[Value], query: &str, cap: Option<usize>) -> Reply {
    let query: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let number = |name: &str| {
        query
            .get(name)
            .and_then(|value| value.parse::<usize>().ok())
    };
    let cap = cap.unwrap_or(usize::MAX);
    let sliced = query
        .keys()
        .any(|name| ["_page", "_limit", "_start"].contains(&&**name));
    let (start, length) = if sliced {
        let length = number("_limit").unwrap_or(DEFAULT_PAGE_SIZE).min(cap);
        let page = number("_page").unwrap_or(1).saturating_sub(1);
        (number("_start").unwrap_or(page * length), length)
    } else {
        (
            0,
            number("limit").map_or(cap, |limit| limit.min(MAX_LIMIT).min(cap)),
        )
    };
    let wanted: Vec<_> = records.iter().skip(start).take(length).collect();
    let body = serde_json::to_string(&wanted).expect("records are JSON");
    Reply {
        status: StatusCode::OK,
        total: sliced.then_some(records.len()),
        etag: None,
        body,
    }
}
