//! The table of byte sequences and of what must come back.
//!
//! The RFCs are the judge: 9112 for what is a request and where it ends, 9110 for what it means.
//! Where they leave a choice, all that they allow is expected.

mod bodies;
mod framing;
mod headers;

use crate::raw_http::expected::Expected;

/// Bytes to send on one connection, and what must come of them.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// In pieces whose edges are worth a cut.
    pub(crate) parts: Vec<Vec<u8>>,
    pub(crate) expected: Expected,
    /// Whether real clients send it, so that a proxy passes it on.
    pub(crate) is_well_formed: bool,
}

impl Case {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.parts.concat()
    }
}

/// A TLS client that has mistaken the port.
const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03\
    \x00\x0a\x0d\x0a\x0d\x0a\x20\x3a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
    \x00\x00\x00\x00\x00\x00\x00\x00\x04\x13\x01\x13\x02\x01\x00";
/// An HTTP/2 client that has not asked first.
const HTTP_2_PREFACE: &[u8] =
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

pub(crate) fn all() -> Vec<Case> {
    [
        framing::after_requests(),
        framing::unfinished(),
        headers::targets(),
        headers::header_fields(),
        headers::hosts(),
        headers::old_versions(),
        bodies::bodies(),
        bodies::chunked_bodies(),
        bodies::expectations_and_upgrades(),
        framing::methods_and_connections(),
        headers::limits(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A case that clients and proxies do not send on purpose.
fn odd(name: &'static str, parts: &[&[u8]], expected: &str) -> Case {
    Case {
        name,
        parts: parts.iter().map(|part| part.to_vec()).collect(),
        expected: Expected::parse(expected),
        is_well_formed: false,
    }
}

/// A case that real clients send.
fn well_formed(name: &'static str, parts: &[&[u8]], expected: &str) -> Case {
    Case {
        is_well_formed: true,
        ..odd(name, parts, expected)
    }
}

fn get(path: &str) -> Vec<u8> {
    get_with(path, "")
}

/// With more header fields, each ended by CRLF.
fn get_with(path: &str, fields: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n").into_bytes()
}

/// With fields, and then anything.
fn post(fields: &str, body: &str) -> Vec<u8> {
    format!("POST /api/a HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n\r\n{body}").into_bytes()
}

/// The head of [`post`].
fn post_head(fields: &str) -> Vec<u8> {
    post(fields, "")
}

/// One with this request line.
fn line(line: &str) -> Vec<u8> {
    format!("{line}\r\nHost: a.example\r\n\r\n").into_bytes()
}
