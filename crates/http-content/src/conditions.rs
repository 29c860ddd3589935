use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT_ENCODING, IF_NONE_MATCH},
};

use crate::{AcceptedEncodings, etag};

/// The conditions and encodings in a request's header.
#[derive(Clone, Debug)]
pub struct RequestConditions {
    pub(crate) is_head: bool,
    pub(crate) accepted: AcceptedEncodings,
    if_none_match: Vec<HeaderValue>,
}

impl RequestConditions {
    /// Reads the method, `Accept-Encoding` and `If-None-Match`.
    pub fn of(method: &Method, headers: &HeaderMap) -> Self {
        Self {
            is_head: method == Method::HEAD,
            accepted: AcceptedEncodings::of(values(headers, &ACCEPT_ENCODING)),
            if_none_match: headers.get_all(IF_NONE_MATCH).iter().cloned().collect(),
        }
    }

    /// Whether the client has content with this hash, in any encoding.
    pub(crate) fn has_content(&self, hash: u128) -> bool {
        etag::any_matches(self.if_none_match.iter().map(HeaderValue::as_bytes), hash)
    }
}

/// The values of all fields with a name.
pub(crate) fn values<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).into_iter().map(HeaderValue::as_bytes)
}
