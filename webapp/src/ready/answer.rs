use std::sync::OnceLock;

use axum::body::Bytes;
use axum::extract::Request;
use axum::response::Response;
use http::header::{ACCEPT_ENCODING, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::error::AppError;
use crate::middleware::{RequestId, X_REQUEST_ID};
use crate::respond::{Accepted, Coding, Conditions, Representation, any_names, values};
use crate::server::{Plain, Sending};

/// One answer, in every coding in which it was asked for.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) representation: Representation,
    /// The host that it names; empty if it names none.
    pub(super) host: Box<[u8]>,
    /// The fields that are the same in every coding.
    fields: Box<[(HeaderName, HeaderValue)]>,
    pub(super) said: [OnceLock<Said>; Coding::ALL.len()],
}

/// An answer in one coding, as it is written: each head is the status with the header fields, but
/// for those that each answer has of its own.
#[derive(Debug)]
pub(super) struct Said {
    etag: Option<HeaderValue>,
    whole: Box<[u8]>,
    not_modified: Box<[u8]>,
    bytes: Bytes,
}

impl Answer {
    pub(super) fn of(representation: Representation, host: Box<[u8]>, sent: &HeaderMap) -> Self {
        let is_own = |name| Representation::FIELDS.contains(name) || name == X_REQUEST_ID;
        let fields = sent.iter().filter(|(name, _)| !is_own(name));
        Self {
            representation,
            host,
            fields: fields
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            said: Default::default(),
        }
    }

    /// The answer to a request; none if it cannot be given in a coding that the client accepts.
    pub(super) fn to(&self, request: &Request) -> Option<Response> {
        // So that the next version is prepared in this coding, too.
        self.accepted(values(request.headers(), &ACCEPT_ENCODING))?;
        let conditions = Conditions::of(request.method(), request.headers());
        let mut response = self.representation.answer(&conditions).ok()?;
        let id = identify(response.status(), request.uri().path());
        let fields = response.headers_mut();
        for (name, value) in &self.fields {
            fields.append(name, value.clone());
        }
        fields.insert(X_REQUEST_ID, id.value());
        Some(response)
    }

    /// The same, written out; the answer is whether it could be.
    pub(super) fn write(&self, request: &Plain<'_>, sending: &mut Sending) -> bool {
        let Some(said) = self.accepted(request.accept_encoding) else {
            return false;
        };
        let etag = said.etag.as_ref();
        let (status, head) = if etag.is_some_and(|etag| any_names(request.if_none_match, etag)) {
            (StatusCode::NOT_MODIFIED, &said.not_modified)
        } else {
            sending.content = said.bytes.clone();
            (StatusCode::OK, &said.whole)
        };
        let id = identify(status, request.asked);
        sending.head.extend_from_slice(head);
        push_field(&mut sending.head, &X_REQUEST_ID, &id.digits());
        true
    }

    fn accepted<'a>(&self, accept_encoding: impl IntoIterator<Item = &'a [u8]>) -> Option<&Said> {
        let accepted = Accepted::of(accept_encoding);
        self.said(self.representation.coding(&accepted).ok()?)
    }

    fn said(&self, coding: Coding) -> Option<&Said> {
        let said = &self.said[coding as usize];
        if said.get().is_none() {
            let made = Said::of(&self.representation, &self.fields, coding).ok()?;
            // Another request may have been first, with the same.
            drop(said.set(made));
        }
        said.get()
    }
}

impl Said {
    fn of(
        representation: &Representation,
        others: &[(HeaderName, HeaderValue)],
        coding: Coding,
    ) -> Result<Self, AppError> {
        let bytes = representation.encoded(coding)?;
        let whole = representation.fields(coding, false)?;
        let not_modified = representation.fields(coding, true)?;
        Ok(Self {
            etag: whole.get(ETAG).cloned(),
            whole: head(StatusCode::OK, &whole, others),
            not_modified: head(StatusCode::NOT_MODIFIED, &not_modified, others),
            bytes,
        })
    }
}

fn head(status: StatusCode, fields: &HeaderMap, others: &[(HeaderName, HeaderValue)]) -> Box<[u8]> {
    let mut written = format!("HTTP/1.1 {status}\r\n").into_bytes();
    let others = others.iter().map(|(name, value)| (name, value));
    for (name, value) in fields.iter().chain(others) {
        push_field(&mut written, name, value.as_bytes());
    }
    written.into_boxed_slice()
}

fn push_field(head: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    head.extend_from_slice(name.as_str().as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

/// Names the request that is answered so, and writes one line about it.
fn identify(status: StatusCode, asked: &str) -> RequestId {
    let id = RequestId::next();
    let path = || asked.split('?').next();
    tracing::debug!(request_id = %id, path = path(), status = status.as_u16(), "ready");
    id
}
