use std::sync::OnceLock;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use http::header::{ACCEPT_ENCODING, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::error::AppError;
use crate::middleware::{RequestId, X_REQUEST_ID};
use crate::respond::{Accepted, Coding, Representation, any_names, values};
use crate::server::{Plain, Sending};

/// One answer, in every coding in which it was asked for.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) representation: Representation,
    /// The fields that are the same in every coding.
    fields: HeaderMap,
    pub(super) said: [OnceLock<Said>; Coding::ALL.len()],
}

/// An answer in one coding.
#[derive(Debug)]
pub(super) struct Said {
    etag: Option<HeaderValue>,
    whole: Head,
    not_modified: Head,
    bytes: Bytes,
}

/// A status with its header fields, as they are and as they are written; what each answer has of
/// its own is left out of these bytes.
#[derive(Debug)]
struct Head {
    status: StatusCode,
    fields: HeaderMap,
    written: Vec<u8>,
}

impl Answer {
    pub(super) fn of(representation: Representation, sent: &HeaderMap) -> Self {
        let mut fields = sent.clone();
        for name in Representation::FIELDS {
            fields.remove(name);
        }
        // The place is there, so that a copy need not grow for the id that it gets.
        fields.insert(X_REQUEST_ID, HeaderValue::from_static(""));
        Self {
            representation,
            fields,
            said: Default::default(),
        }
    }

    /// The answer to a request; none if it cannot be given in a coding that the client accepts.
    pub(super) fn to(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        let said = self.accepted(values(headers, &ACCEPT_ENCODING))?;
        let (head, content) = said.pick(values(headers, &IF_NONE_MATCH));
        let mut response = Response::new(match content {
            Some(bytes) if request.method() == Method::GET => Body::from(bytes.clone()),
            _ => Body::empty(),
        });
        *response.status_mut() = head.status;
        response.headers_mut().clone_from(&head.fields);
        let id = head.identify(request.uri().path());
        response.headers_mut().insert(X_REQUEST_ID, id.value());
        Some(response)
    }

    /// The same, written out; the answer is whether it could be.
    pub(super) fn write(&self, request: &Plain<'_>, sending: &mut Sending) -> bool {
        let Some(said) = self.accepted(request.accept_encoding) else {
            return false;
        };
        let (head, content) = said.pick(request.if_none_match);
        sending.head.extend_from_slice(&head.written);
        let id = head.identify(request.asked);
        push_field(&mut sending.head, X_REQUEST_ID.as_str(), &id.digits());
        sending.content = content.cloned().unwrap_or_default();
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
        fields: &HeaderMap,
        coding: Coding,
    ) -> Result<Self, AppError> {
        let head = |status| {
            let not_modified = status == StatusCode::NOT_MODIFIED;
            let mut of_coding = representation.fields(coding, not_modified)?;
            of_coding.extend(fields.clone());
            Ok::<_, AppError>(Head::of(status, of_coding))
        };
        let whole = head(StatusCode::OK)?;
        Ok(Self {
            etag: whole.fields.get(ETAG).cloned(),
            whole,
            not_modified: head(StatusCode::NOT_MODIFIED)?,
            bytes: representation.encoded(coding)?,
        })
    }

    /// What to say to a client that has what it names.
    fn pick<'a>(
        &self,
        if_none_match: impl IntoIterator<Item = &'a [u8]>,
    ) -> (&Head, Option<&Bytes>) {
        let etag = self.etag.as_ref();
        if etag.is_some_and(|etag| any_names(if_none_match, etag)) {
            return (&self.not_modified, None);
        }
        (&self.whole, Some(&self.bytes))
    }
}

impl Head {
    fn of(status: StatusCode, fields: HeaderMap) -> Self {
        let mut written = format!("HTTP/1.1 {status}\r\n").into_bytes();
        for (name, value) in &fields {
            if name != X_REQUEST_ID {
                push_field(&mut written, name.as_str(), value.as_bytes());
            }
        }
        Self {
            status,
            fields,
            written,
        }
    }

    /// Names the request that is answered so, and writes one line about it.
    fn identify(&self, asked: &str) -> RequestId {
        let id = RequestId::next();
        let status = self.status.as_u16();
        let path = || asked.split('?').next();
        tracing::debug!(request_id = %id, path = path(), status, "ready");
        id
    }
}

fn push_field(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}
