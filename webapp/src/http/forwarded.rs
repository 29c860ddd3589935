//! The fields by which a proxy forwards the address of a request.

use std::borrow::Cow;

use axum::extract::Request;
use http::{HeaderMap, HeaderName};

use super::host::is_host;

/// The fields that count if a trusted proxy sends them.
pub(crate) static FORWARDED: [HeaderName; 4] = [PROTO, HOST, PREFIX, STANDARD];
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
/// RFC 7239.
const STANDARD: HeaderName = http::header::FORWARDED;
/// Longer prefixes are ignored.
const MAX_PREFIX_BYTES: usize = 255;

/// The first of [`FORWARDED`] that a request has.
pub(super) fn forwarded_field(request: &Request) -> Option<&'static HeaderName> {
    let headers = request.headers();
    FORWARDED.iter().find(|name| headers.contains_key(*name))
}

/// The fields of the nearest proxy: the last values, because a client can send the others.
pub(super) struct ForwardedFields<'a> {
    scheme: &'a str,
    host: Option<&'a str>,
    prefix: &'a str,
}

impl<'a> ForwardedFields<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let standard = last(headers, &STANDARD).unwrap_or_default();
        let standard = |name: &str| {
            let mut pairs = standard.split(';').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(found, _)| found.trim().eq_ignore_ascii_case(name))?;
            Some(value.trim().trim_matches('"'))
        };
        let scheme = last(headers, &PROTO).or_else(|| standard("proto"));
        let host = last(headers, &HOST).or_else(|| standard("host"));
        let prefix = last(headers, &PREFIX).unwrap_or_default();
        let prefix = prefix.trim_end_matches('/');
        Self {
            scheme: match scheme {
                Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
                _ => "http",
            },
            host: host.filter(|host| is_host(host.as_bytes())),
            prefix: if is_prefix(prefix) { prefix } else { "" },
        }
    }

    pub(super) fn url(&self, host: Option<Cow<'_, str>>) -> Option<String> {
        let host = self.host.map(Cow::Borrowed).or(host)?;
        Some(format!("{}://{host}{}", self.scheme, self.prefix))
    }
}

fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers
        .get_all(name)
        .into_iter()
        .next_back()?
        .to_str()
        .ok()?;
    value.rsplit(',').next().map(str::trim)
}

fn is_prefix(prefix: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    prefix.starts_with('/')
        && prefix.len() <= MAX_PREFIX_BYTES
        && !prefix.contains("//")
        && prefix.bytes().all(is_plain)
}
