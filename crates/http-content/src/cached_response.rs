use std::sync::OnceLock;

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT_ENCODING, IF_NONE_MATCH, VARY},
};

use crate::{AcceptedEncodings, EncodeError, Encoding, Representation, conditions::values, etag};

/// Bytes of an entry beside its key, header fields and bodies: allocations and the cache's own.
pub(crate) const ENTRY_BYTES: usize = 1024;
/// Bytes of a header field beside its name and value.
const FIELD_BYTES: usize = 104;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey {
    /// Empty if the response does not depend on it.
    pub(crate) host: Box<[u8]>,
    pub(crate) target: Box<str>,
}

/// A response without its per-request fields, in every encoding in which it was requested.
#[derive(Debug)]
pub struct CachedResponse {
    pub(crate) key: CacheKey,
    tag: u16,
    representation: Representation,
    /// The fields that are the same in every encoding.
    fields: HeaderMap,
    /// In the order of [`Encoding::ALL`].
    encoded: [OnceLock<EncodedResponse>; Encoding::ALL.len()],
}

#[derive(Debug)]
struct EncodedResponse {
    ok: HeaderMap,
    not_modified: HeaderMap,
    body: Bytes,
}

impl CachedResponse {
    /// A response without a body yet in any encoding.
    pub(crate) fn new(
        key: CacheKey,
        tag: u16,
        representation: Representation,
        fields: HeaderMap,
    ) -> Self {
        Self {
            key,
            tag,
            representation,
            fields,
            encoded: Default::default(),
        }
    }

    /// The `tag` that was passed to [`crate::ResponseCache::insert`].
    pub fn tag(&self) -> u16 {
        self.tag
    }

    /// Its media type.
    pub fn media_type(&self) -> &HeaderValue {
        self.representation.media_type()
    }

    /// The response to a `GET` or `HEAD` request, if its preferred encoding is there. Neither
    /// blocks nor computes.
    pub fn respond(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let encoded = self.encoded[self.encoding(headers).ok()? as usize].get()?;
        let mut response = Response::new(Body::empty());
        let known = values(headers, &IF_NONE_MATCH);
        if etag::any_matches(known, self.representation.hash()) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.headers_mut() = encoded.not_modified.clone();
        } else {
            *response.headers_mut() = encoded.ok.clone();
            if method != Method::HEAD {
                *response.body_mut() = Body::from(encoded.body.clone());
            }
        }
        Some(response)
    }

    /// Whether it was requested, after it had been cached, in this encoding.
    pub fn has(&self, encoding: Encoding) -> bool {
        self.encoded[encoding as usize].get().is_some()
    }

    /// Makes it in the preferred encoding; `true` if it was not there.
    pub(crate) async fn encode(&self, headers: &HeaderMap) -> Result<bool, EncodeError> {
        let encoding = self.encoding(headers)?;
        if self.has(encoding) {
            return Ok(false);
        }
        let body = self.representation.encoded(encoding).await?;
        let with_fields = |mut fields: HeaderMap| {
            for (name, value) in &self.fields {
                // Fields that middleware added to `Vary` hold for the content in every encoding.
                if name == VARY || !fields.contains_key(name) {
                    fields.insert(name, value.clone());
                }
            }
            fields
        };
        let encoded = EncodedResponse {
            ok: with_fields(self.representation.content_fields(encoding, body.len())),
            not_modified: with_fields(self.representation.base_fields(encoding)),
            body,
        };
        // A concurrent request can have been first, with the same.
        Ok(self.encoded[encoding as usize].set(encoded).is_ok())
    }

    fn encoding(&self, headers: &HeaderMap) -> Result<Encoding, EncodeError> {
        let accepted = AcceptedEncodings::of(values(headers, &ACCEPT_ENCODING));
        self.representation.encoding(&accepted)
    }

    pub(crate) fn bytes(&self) -> u64 {
        let encoded = self.encoded.iter().filter_map(OnceLock::get);
        let encoded: usize = encoded
            .map(|encoded| {
                encoded.body.len() + header_bytes(&encoded.ok) + header_bytes(&encoded.not_modified)
            })
            .sum();
        // The unencoded content is there in any case.
        let plain = match self.has(Encoding::Identity) {
            true => 0,
            false => self.representation.len(),
        };
        let bytes = self.key.bytes() + header_bytes(&self.fields) + plain + encoded + ENTRY_BYTES;
        bytes as u64
    }
}

impl CacheKey {
    /// In the map and in the response.
    pub(crate) fn bytes(&self) -> usize {
        2 * (self.host.len() + self.target.len())
    }
}

fn header_bytes(fields: &HeaderMap) -> usize {
    let fields = fields.iter();
    fields
        .map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES)
        .sum()
}
