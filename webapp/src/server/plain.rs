//! A request as nearly all are, understood from its bytes.

use std::mem::MaybeUninit;

use super::Limits;

/// Header fields beyond which a request is not plain; [`Limits`] allow as many by default.
const FIELDS: usize = 64;

/// One whole request to read, on a connection that stays open.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plain<'a> {
    /// Its path and query.
    pub(crate) asked: &'a str,
    pub(crate) host: &'a [u8],
    pub(crate) accept_encoding: Option<&'a [u8]>,
    pub(crate) if_none_match: Option<&'a [u8]>,
}

impl<'a> Plain<'a> {
    /// The one request that these bytes are; none if they are less, more or anything unusual,
    /// which `hyper` reads then.
    pub(super) fn read(bytes: &'a [u8], limits: &Limits) -> Option<Self> {
        if !bytes.starts_with(b"GET /") || !bytes.ends_with(b"\r\n\r\n") {
            return None;
        }
        let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
        let mut request = httparse::Request::new(&mut []);
        let read = request.parse_with_uninit_headers(bytes, &mut fields);
        let is_one = read.ok()? == httparse::Status::Complete(bytes.len());
        if !is_one || request.version != Some(1) || request.headers.len() > limits.max_headers {
            return None;
        }
        let mut plain = Self {
            asked: request.path?,
            ..Self::default()
        };
        let mut host = None;
        for field in &*request.headers {
            let is = |name: &str| field.name.eq_ignore_ascii_case(name);
            let place = if is("host") {
                &mut host
            } else if is("accept-encoding") {
                &mut plain.accept_encoding
            } else if is("if-none-match") {
                &mut plain.if_none_match
            } else if is("connection") && field.value.eq_ignore_ascii_case(b"keep-alive") {
                continue;
            } else if UNUSUAL.into_iter().any(is) {
                return None;
            } else {
                continue;
            };
            if place.replace(field.value).is_some() {
                return None;
            }
        }
        plain.host = host?;
        Some(plain)
    }
}

/// Fields that change where a request ends, or what comes after it.
const UNUSUAL: [&str; 5] = [
    "connection",
    "content-length",
    "expect",
    "transfer-encoding",
    "upgrade",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_sends_is_plain() {
        let request = "GET /movies?page=2 HTTP/1.1\r\nhost: here:8000\r\nConnection: Keep-Alive\r\n\
                       ACCEPT-ENCODING: gzip, br\r\nif-none-match:  \"a\" \r\nCookie: a=b\r\n\r\n";
        let plain = read(request).unwrap();
        assert_eq!(plain.asked, "/movies?page=2");
        assert_eq!(plain.host, b"here:8000");
        assert_eq!(plain.accept_encoding, Some(&b"gzip, br"[..]));
        assert_eq!(plain.if_none_match, Some(&b"\"a\""[..]));
    }

    #[test]
    fn whatever_is_less_or_more_than_one_plain_request_is_not() {
        let one = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        assert!(read(one).is_some());
        for end in 0..one.len() {
            assert_eq!(read(&one[..end]), None, "{end}");
        }
        for other in [
            format!("{one}{one}"),
            one.replace("GET", "HEAD"),
            one.replace("1.1", "1.0"),
            one.replace("GET /", "GET http://a/"),
            one.replace("host: a\r\n", ""),
            one.replace("host", "host : b\r\nhost"),
            one.replace("host: a", "host: a\n\thost: b"),
        ] {
            assert_eq!(read(&other), None, "{other:?}");
        }
        for field in [
            "Host: a",
            "content-length: 0",
            "Transfer-Encoding: chunked",
            "expect: 100-continue",
            "connection: close",
            "connection: keep-alive, upgrade",
            "upgrade: websocket",
            "accept-encoding: br\r\naccept-encoding: gzip",
        ] {
            let request = one.replace("\r\n\r\n", &format!("\r\n{field}\r\n\r\n"));
            assert_eq!(read(&request), None, "{field}");
        }
        let many = one.replace("\r\n\r\n", &format!("{}\r\n\r\n", "\r\na: b".repeat(64)));
        assert_eq!(read(&many), None);
    }

    fn read(request: &str) -> Option<Plain<'_>> {
        Plain::read(request.as_bytes(), &Limits::default())
    }
}
