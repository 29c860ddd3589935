use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT_ENCODING, IF_NONE_MATCH},
};

use super::Accepted;

/// What a request says about how it wants to be answered.
#[derive(Clone, Debug)]
pub struct Conditions {
    pub(super) without_body: bool,
    pub(super) accepted: Accepted,
    if_none_match: Vec<HeaderValue>,
}

impl Conditions {
    /// Reads the method, `Accept-Encoding` and `If-None-Match`.
    pub fn of(method: &Method, headers: &HeaderMap) -> Self {
        Self {
            without_body: method == Method::HEAD,
            accepted: Accepted::of(values(headers, &ACCEPT_ENCODING)),
            if_none_match: headers.get_all(IF_NONE_MATCH).iter().cloned().collect(),
        }
    }

    /// Whether the client has what `etag` names: weak comparison, as RFC 9110 asks for reading.
    pub(crate) fn knows(&self, etag: &HeaderValue) -> bool {
        any_names(self.if_none_match.iter().map(HeaderValue::as_bytes), etag)
    }
}

/// The values of all fields of a name.
pub(crate) fn values<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).into_iter().map(HeaderValue::as_bytes)
}

/// Whether one of the `If-None-Match` fields of a request names `etag`.
pub(crate) fn any_names<'a>(lists: impl IntoIterator<Item = &'a [u8]>, etag: &HeaderValue) -> bool {
    lists.into_iter().any(|list| {
        let list = list.trim_ascii();
        list == etag || list == b"*" || tags(list).any(|tag| tag == etag.as_bytes())
    })
}

/// The tags of a list, each with its quotes and without its weakness. A tag may hold commas.
fn tags(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let start = list.iter().position(|&byte| byte == b'"')?;
        let length = list[start + 1..].iter().position(|&byte| byte == b'"')?;
        let (tag, rest) = list[start..].split_at(length + 2);
        list = rest;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_any_list_that_holds_it() {
        let tag = HeaderValue::from_static("\"ab\"");
        for (list, known) in [
            ("\"ab\"", true),
            ("W/\"ab\"", true),
            ("\"x\", W/\"a,b\" , \"ab\"", true),
            (" * ", true),
            ("\"ab-br\"", false),
            ("\"x,\"ab\"", false),
            ("ab", false),
            ("\"ab", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, list.parse().unwrap())]);
            let conditions = Conditions::of(&Method::GET, &headers);
            assert_eq!(conditions.knows(&tag), known, "{list}");
        }
    }

    #[test]
    fn all_fields_of_the_same_name_count() {
        let mut headers = HeaderMap::new();
        headers.append(IF_NONE_MATCH, HeaderValue::from_static("\"x\""));
        headers.append(IF_NONE_MATCH, HeaderValue::from_static("\"ab\""));
        let conditions = Conditions::of(&Method::GET, &headers);
        assert!(conditions.knows(&HeaderValue::from_static("\"ab\"")));
    }
}
