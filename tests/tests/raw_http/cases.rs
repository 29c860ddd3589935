//! The table of byte sequences and of what must come back.
//!
//! The RFCs are the judge: 9112 for what is a request and where it ends, 9110 for what it means.
//! Where they leave a choice, all that they allow is expected.

use crate::expected::Expected;

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
        after_requests(),
        unfinished(),
        targets(),
        header_fields(),
        hosts(),
        old_versions(),
        bodies(),
        chunked_bodies(),
        expectations_and_upgrades(),
        methods_and_connections(),
        limits(),
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

fn after_requests() -> Vec<Case> {
    let (a, b, c) = (get("/api/a"), get("/api/b"), get("/api/c"));
    let (a, b, c) = (a.as_slice(), b.as_slice(), c.as_slice());
    let cached = get("/api/v1/movies");
    let cached = cached.as_slice();
    let open = "404/api/a open";
    let refused = "404/api/a 400? closed";
    vec![
        well_formed("one request", &[a], open),
        well_formed("one cached page", &[cached], "200 open"),
        odd("a CRLF after a request", &[a, b"\r\n"], open),
        odd("two CRLFs after a request", &[a, b"\r\n", b"\r\n"], open),
        odd("a CRLF after a cached page", &[cached, b"\r\n"], "200 open"),
        odd(
            "three CRLFs after a cached page",
            &[cached, b"\r\n\r\n\r\n"],
            "200 open",
        ),
        odd("a CRLF before a request", &[b"\r\n", a], open),
        odd(
            "eight CRLFs before a request",
            &[b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", a],
            open,
        ),
        odd(
            "a CRLF between requests",
            &[a, b"\r\n", b],
            "404/api/a 404/api/b open",
        ),
        odd(
            "CRLFs between cached pages",
            &[cached, b"\r\n\r\n", cached, b"\r\n", a],
            "200 200 404/api/a open",
        ),
        odd("an LF after a request", &[a, b"\n"], open),
        odd(
            "LFs between requests",
            &[a, b"\n\n\n", b],
            "404/api/a 404/api/b open",
        ),
        odd("a CR after a request", &[a, b"\r"], refused),
        odd("two CRs after a request", &[a, b"\r", b"\r"], refused),
        odd("spaces after a request", &[a, b"   "], refused),
        odd("a tab after a request", &[a, b"\t"], refused),
        odd("a NUL after a request", &[a, b"\0"], refused),
        odd(
            "a CRLF and a NUL after a request",
            &[a, b"\r\n", b"\0"],
            refused,
        ),
        odd(
            "a CRLF and a space after a request",
            &[a, b"\r\n", b" "],
            refused,
        ),
        odd(
            "binary garbage after a request",
            &[a, b"\x01\xfe\xff\r\n\r\n"],
            refused,
        ),
        odd(
            "binary garbage first",
            &[b"\x01\xfe\xff\r\n\r\n"],
            "400? closed",
        ),
        odd(
            "text after a request",
            &[a, b"hello, world\r\n\r\n", b],
            refused,
        ),
        odd("a NUL first", &[b"\0", a], "400? closed"),
        odd("spaces first", &[b"  ", a], "400? closed"),
        odd("a TLS client", &[CLIENT_HELLO], "400? closed"),
        odd("a TLS client after a request", &[a, CLIENT_HELLO], refused),
        odd("an HTTP/2 client", &[HTTP_2_PREFACE], "400|505? closed"),
        odd(
            "an HTTP/2 client after a request",
            &[a, HTTP_2_PREFACE],
            "404/api/a 400|505? closed",
        ),
        odd(
            "a PROXY protocol header",
            &[b"PROXY TCP4 192.0.2.1 192.0.2.2 5 80\r\n", a],
            "400? closed",
        ),
        well_formed(
            "pipelined requests",
            &[a, b, c],
            "404/api/a 404/api/b 404/api/c open",
        ),
        well_formed(
            "pipelined requests, cached and not",
            &[cached, a, cached, b, cached],
            "200 404/api/a 200 404/api/b 200 open",
        ),
        odd(
            "a response sent as a request",
            &[a, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
            refused,
        ),
    ]
}

fn unfinished() -> Vec<Case> {
    let a = get("/api/a");
    let half = &a[..12];
    vec![
        odd("no byte", &[], "waits"),
        odd("a CRLF alone", &[b"\r\n"], "waits"),
        odd("a method alone", &[b"GET"], "waits"),
        odd("half a request line", &[half], "waits"),
        odd("half a header", &[&a[..a.len() - 6]], "waits"),
        odd(
            "a header without its empty line",
            &[&a[..a.len() - 2]],
            "waits",
        ),
        odd(
            "a header without its last byte",
            &[&a[..a.len() - 1]],
            "waits",
        ),
        odd("half a request after one", &[&a, half], "404/api/a waits"),
        odd(
            "half a request after one and a CRLF",
            &[&a, b"\r\n", half],
            "404/api/a waits",
        ),
        odd(
            "a CR after a request, and no more",
            &[&a, b"\r"],
            "404/api/a waits",
        ),
        odd(
            "a CRLF after a request, and no more",
            &[&a, b"\r\n"],
            "404/api/a waits",
        ),
        odd(
            "part of a body",
            &[&post_head("Content-Length: 10"), b"1234"],
            "waits",
        ),
        odd(
            "no byte of a body",
            &[&post_head("Content-Length: 10")],
            "waits",
        ),
        odd(
            "part of a chunk",
            &[&post_head("Transfer-Encoding: chunked"), b"a\r\n123"],
            "waits",
        ),
        odd(
            "no last chunk",
            &[&post_head("Transfer-Encoding: chunked"), b"3\r\n123\r\n"],
            "waits",
        ),
        odd(
            "half the trailers",
            &[&post_head("Transfer-Encoding: chunked"), b"0\r\nx: y"],
            "waits",
        ),
    ]
}

fn targets() -> Vec<Case> {
    let open = "404/api/a open";
    let refused = "400 closed";
    vec![
        well_formed(
            "an absolute target",
            &[&line("GET http://a.example/api/a HTTP/1.1")],
            open,
        ),
        odd(
            "an absolute target for another host",
            &[&line("GET http://b.example/api/a HTTP/1.1")],
            "404|400 either",
        ),
        odd(
            "an absolute target with a user",
            &[&line("GET http://u:p@a.example/api/a HTTP/1.1")],
            "404|400 either",
        ),
        odd(
            "OPTIONS *",
            &[&line("OPTIONS * HTTP/1.1")],
            "200|204|400|404 either",
        ),
        odd("GET *", &[&line("GET * HTTP/1.1")], "400|404 either"),
        odd(
            "a CONNECT",
            &[&line("CONNECT a.example:443 HTTP/1.1")],
            "400|405|501 either",
        ),
        odd(
            "a CONNECT and TLS",
            &[&line("CONNECT a.example:443 HTTP/1.1"), CLIENT_HELLO],
            "400|405|501 400? closed",
        ),
        odd(
            "a target without a slash",
            &[&line("GET api/a HTTP/1.1")],
            "400|404 either",
        ),
        odd(
            "an authority as a target",
            &[&line("GET a.example HTTP/1.1")],
            "400|404 either",
        ),
        odd(
            "a target with a fragment",
            &[&line("GET /api/a#b HTTP/1.1")],
            "400|404 either",
        ),
        well_formed(
            "an encoded target",
            &[&line("GET /api/a%20b?c=%C3%A9 HTTP/1.1")],
            "404/api/a%20b open",
        ),
        odd(
            "a target of raw UTF-8",
            &[&line("GET /api/\u{e9} HTTP/1.1")],
            "400|404 either",
        ),
        odd(
            "quotes in a query",
            &[&line("GET /api/a?title=\"Ponyo\" HTTP/1.1")],
            "400|404 either",
        ),
        odd(
            "a raw 0xFF in a target",
            &[b"GET /api/\xff HTTP/1.1\r\nHost: a.example\r\n\r\n"],
            "400|404 either",
        ),
        odd(
            "dots in a target",
            &[&line("GET /api/../api/a HTTP/1.1")],
            "400|404 either",
        ),
        odd(
            "two slashes first",
            &[&line("GET //api/a HTTP/1.1")],
            "400|404 either",
        ),
        odd(
            "a space in a target",
            &[&line("GET /api/a b HTTP/1.1")],
            refused,
        ),
        odd(
            "a NUL in a target",
            &[&line("GET /api/a\0 HTTP/1.1")],
            refused,
        ),
        odd("no target", &[&line("GET HTTP/1.1")], refused),
        odd(
            "two spaces before the target",
            &[&line("GET  /api/a HTTP/1.1")],
            refused,
        ),
        odd(
            "tabs in the request line",
            &[&line("GET\t/api/a\tHTTP/1.1")],
            refused,
        ),
        odd(
            "a space after the version",
            &[&line("GET /api/a HTTP/1.1 ")],
            "400|404 either",
        ),
    ]
}

fn header_fields() -> Vec<Case> {
    let open = "404/api/a open";
    let refused = "400 closed";
    let allowed = "400|404 either";
    let with = |fields: &str| get_with("/api/a", fields);
    vec![
        odd(
            "lines that end with LF",
            &[b"GET /api/a HTTP/1.1\n", b"Host: a.example\n", b"\n"],
            allowed,
        ),
        odd("a CR in a value", &[&with("X: a\rb\r\n")], refused),
        odd("a NUL in a value", &[&with("X: a\0b\r\n")], refused),
        odd("a NUL in a name", &[&with("X\0: a\r\n")], refused),
        odd("a DEL in a value", &[&with("X: a\x7fb\r\n")], allowed),
        odd(
            "a folded line",
            &[&with("X: a\r\n"), b" b\r\n\r\n"],
            "404/api/a 400? closed",
        ),
        odd("a folded value", &[&with("X: a\r\n b\r\n")], allowed),
        odd(
            "a folded Host",
            &[b"GET /api/a HTTP/1.1\r\nHost:\r\n a.example\r\n\r\n"],
            allowed,
        ),
        odd(
            "a space before the first field",
            &[b"GET /api/a HTTP/1.1\r\n X: a\r\nHost: a.example\r\n\r\n"],
            allowed,
        ),
        odd("a space before a colon", &[&with("X : a\r\n")], refused),
        odd("no colon", &[&with("X\r\n")], refused),
        odd("no name", &[&with(": a\r\n")], refused),
        odd("a name that is no token", &[&with("X(y): a\r\n")], refused),
        odd("a name of UTF-8", &[&with("\u{e9}: a\r\n")], refused),
        odd(
            "a value of Latin-1",
            &[b"GET /api/a HTTP/1.1\r\nHost: a.example\r\nX: \xe9\r\n\r\n"],
            open,
        ),
        well_formed("an empty value", &[&with("X:\r\n")], open),
        well_formed(
            "spaces and tabs around a value",
            &[&with("X: \t a \t \r\n")],
            open,
        ),
        well_formed(
            "names in all cases",
            &[&with("x-a: 1\r\nX-A: 2\r\nX-a: 3\r\n")],
            open,
        ),
    ]
}

fn hosts() -> Vec<Case> {
    let open = "404/api/a open";
    let refused = "400 either";
    let with = |host: &str| format!("GET /api/a HTTP/1.1\r\n{host}\r\n").into_bytes();
    let long = |length: usize| format!("Host: {}\r\n", "a".repeat(length));
    vec![
        odd("no Host", &[&with("")], refused),
        odd(
            "two Hosts",
            &[&with("Host: a.example\r\nHost: b.example\r\n")],
            refused,
        ),
        odd(
            "the same Host twice",
            &[&with("Host: a.example\r\nHost: a.example\r\n")],
            refused,
        ),
        odd(
            "two Hosts, one cached page",
            &[b"GET /api/v1/movies HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n"],
            refused,
        ),
        odd("an empty Host", &[&with("Host:\r\n")], "400|404 either"),
        odd(
            "a Host with a space",
            &[&with("Host: a example\r\n")],
            refused,
        ),
        odd(
            "a Host with a user",
            &[&with("Host: user@a.example\r\n")],
            refused,
        ),
        odd(
            "a Host with a path",
            &[&with("Host: a.example/b\r\n")],
            refused,
        ),
        odd(
            "a Host with a comma",
            &[&with("Host: a.example, b.example\r\n")],
            refused,
        ),
        well_formed(
            "a Host with a port",
            &[&with("Host: a.example:8000\r\n")],
            open,
        ),
        well_formed("a Host of IPv6", &[&with("Host: [::1]:8000\r\n")], open),
        odd("a Host of 255 bytes", &[&with(&long(255))], open),
        odd("a Host of 256 bytes", &[&with(&long(256))], refused),
    ]
}

fn old_versions() -> Vec<Case> {
    let closed = "404/api/a closed";
    let kept = "404/api/a either";
    let b = get("/api/b");
    vec![
        well_formed(
            "HTTP/1.0",
            &[b"GET /api/a HTTP/1.0\r\nHost: a.example\r\n\r\n"],
            closed,
        ),
        well_formed(
            "HTTP/1.0 without Host",
            &[b"GET /api/a HTTP/1.0\r\n\r\n"],
            closed,
        ),
        odd(
            "HTTP/1.0, and more",
            &[b"GET /api/a HTTP/1.0\r\nHost: a.example\r\n\r\n", &b],
            closed,
        ),
        odd(
            "HTTP/1.0, and a CRLF",
            &[b"GET /api/a HTTP/1.0\r\n\r\n", b"\r\n"],
            closed,
        ),
        well_formed(
            "HTTP/1.0 with keep-alive",
            &[b"GET /api/a HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n"],
            kept,
        ),
        odd(
            "HTTP/1.0 with keep-alive, without Host, and a CRLF",
            &[
                b"GET /api/a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
                b"\r\n",
            ],
            kept,
        ),
        odd(
            "HTTP/1.0 with a chunked body",
            &[
                b"POST /api/a HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"0\r\n\r\n",
            ],
            "400|405 closed",
        ),
        odd(
            "HTTP/1.2",
            &[&line("GET /api/a HTTP/1.2")],
            "400|404|505 either",
        ),
        odd(
            "HTTP/2.0",
            &[&line("GET /api/a HTTP/2.0")],
            "400|505 closed",
        ),
        odd("http/1.1", &[&line("GET /api/a http/1.1")], "400 closed"),
        odd("HTTP/0.9", &[b"GET /api/a\r\n"], "400 closed"),
        odd("HTTP/11", &[&line("GET /api/a HTTP/11")], "400|505 closed"),
    ]
}

fn bodies() -> Vec<Case> {
    let smuggled = "GET /api/smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let length = format!("Content-Length: {}", smuggled.len());
    let b = get("/api/b");
    let refused = "405/api/a closed";
    let invalid = "400 closed";
    vec![
        well_formed(
            "a POST",
            &[&post_head("Content-Length: 5"), b"hello"],
            refused,
        ),
        well_formed(
            "a POST whose body looks like a request",
            &[&post_head(&length), smuggled.as_bytes()],
            refused,
        ),
        odd(
            "a POST with a body like a request, and a request",
            &[&post_head(&length), smuggled.as_bytes(), &b],
            refused,
        ),
        odd(
            "a POST with a body and a CRLF",
            &[&post_head("Content-Length: 5"), b"hello", b"\r\n"],
            refused,
        ),
        odd(
            "a POST with too long a body, like requests",
            &[
                &post_head(&format!("Content-Length: {}", 2000 * smuggled.len())),
                smuggled.repeat(2000).as_bytes(),
            ],
            "405|413 closed",
        ),
        odd(
            "a POST with part of too long a body",
            &[&post_head("Content-Length: 1000000"), smuggled.as_bytes()],
            "405|413 closed",
        ),
        odd(
            "a POST without Host, whose body looks like a request",
            &[
                format!("POST /api/a HTTP/1.1\r\n{length}\r\n\r\n").as_bytes(),
                smuggled.as_bytes(),
            ],
            invalid,
        ),
        odd(
            "a GET with a body",
            &[&get_with("/api/a", "Content-Length: 5\r\n"), b"hello"],
            "404/api/a closed",
        ),
        odd(
            "a GET whose body looks like a request",
            &[
                &get_with("/api/a", &format!("{length}\r\n")),
                smuggled.as_bytes(),
            ],
            "404/api/a closed",
        ),
        odd(
            "a cached page asked with a body",
            &[
                &get_with("/api/v1/movies", &format!("{length}\r\n")),
                smuggled.as_bytes(),
            ],
            "200 closed",
        ),
        well_formed(
            "a GET with a length of 0",
            &[&get_with("/api/a", "Content-Length: 0\r\n")],
            "404/api/a open",
        ),
        well_formed(
            "a POST with a length of 0",
            &[&post_head("Content-Length: 0")],
            "405/api/a open",
        ),
        odd(
            "a POST without a length",
            &[&post_head("X: y")],
            "405|411 either",
        ),
        odd(
            "two lengths",
            &[
                &post_head("Content-Length: 5\r\nContent-Length: 6"),
                b"hello!",
            ],
            invalid,
        ),
        odd(
            "the same length twice",
            &[
                &post_head("Content-Length: 5\r\nContent-Length: 5"),
                b"hello",
            ],
            "400|405 closed",
        ),
        odd(
            "a list of lengths",
            &[&post_head("Content-Length: 5, 5"), b"hello"],
            "400|405 closed",
        ),
        odd(
            "a length of +5",
            &[&post_head("Content-Length: +5"), b"hello"],
            invalid,
        ),
        odd(
            "a length of -1",
            &[&post_head("Content-Length: -1"), b"hello"],
            invalid,
        ),
        odd(
            "a length of 0x5",
            &[&post_head("Content-Length: 0x5"), b"hello"],
            invalid,
        ),
        odd(
            "an empty length",
            &[&post_head("Content-Length:"), b"hello"],
            invalid,
        ),
        odd(
            "a length of 2^64",
            &[&post_head("Content-Length: 18446744073709551616"), b"hello"],
            invalid,
        ),
        odd(
            "a length near 2^64",
            &[&post_head("Content-Length: 18446744073709551615"), b"hello"],
            "400|405|413|431 closed",
        ),
        odd(
            "a folded length",
            &[&post_head("Content-Length:\r\n 5"), b"hello"],
            "400|405 closed",
        ),
    ]
}

fn chunked_bodies() -> Vec<Case> {
    let chunked = post_head("Transfer-Encoding: chunked");
    let smuggled = get("/api/smuggled");
    let b = get("/api/b");
    let refused = "405/api/a closed";
    let allowed = "400|405 closed";
    vec![
        well_formed(
            "a chunked POST",
            &[&chunked, b"5\r\nhello\r\n", b"0\r\n\r\n"],
            refused,
        ),
        well_formed(
            "a chunked POST with trailers",
            &[&chunked, b"5\r\nhello\r\n", b"0\r\n", b"x: y\r\n", b"\r\n"],
            refused,
        ),
        odd(
            "a chunked POST, and a request",
            &[&chunked, b"0\r\n\r\n", &b],
            refused,
        ),
        odd(
            "chunk extensions",
            &[&chunked, b"5;a=b;c=\"d\"\r\nhello\r\n", b"0\r\n\r\n"],
            allowed,
        ),
        odd(
            "a chunk whose size is none",
            &[&chunked, b"zz\r\nhello\r\n0\r\n\r\n"],
            allowed,
        ),
        odd(
            "a chunk of a negative size",
            &[&chunked, b"-5\r\nhello\r\n0\r\n\r\n"],
            allowed,
        ),
        odd(
            "a chunk of 2^64",
            &[&chunked, b"10000000000000000\r\nhello\r\n0\r\n\r\n"],
            "400|405|413 closed",
        ),
        odd(
            "a chunk longer than its size",
            &[&chunked, b"3\r\nhello\r\n0\r\n\r\n"],
            allowed,
        ),
        odd(
            "chunks that end with LF",
            &[&chunked, b"5\nhello\n0\n\n", &b],
            allowed,
        ),
        odd(
            "a length and chunks",
            &[
                &post_head("Content-Length: 4\r\nTransfer-Encoding: chunked"),
                b"0\r\n\r\n",
                &smuggled,
            ],
            allowed,
        ),
        odd(
            "chunks and a length",
            &[
                &post_head("Transfer-Encoding: chunked\r\nContent-Length: 4"),
                b"0\r\n\r\n",
                &smuggled,
            ],
            allowed,
        ),
        odd(
            "a GET with a length of 0 and chunks",
            &[
                &get_with(
                    "/api/a",
                    "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
                ),
                b"0\r\n\r\n",
                &smuggled,
            ],
            "400|404 closed",
        ),
        odd(
            "chunked twice",
            &[
                &post_head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
                b"0\r\n\r\n",
            ],
            allowed,
        ),
        odd(
            "chunked, and then gzip",
            &[&post_head("Transfer-Encoding: chunked, gzip"), b"0\r\n\r\n"],
            "400|501 closed",
        ),
        odd(
            "gzip",
            &[&post_head("Transfer-Encoding: gzip"), b"hello"],
            "400|501 closed",
        ),
        odd(
            "gzip, and then chunked",
            &[&post_head("Transfer-Encoding: gzip, chunked"), b"0\r\n\r\n"],
            "400|405|501 closed",
        ),
        odd(
            "identity",
            &[&post_head("Transfer-Encoding: identity"), b"hello"],
            "400|501 closed",
        ),
        odd(
            "identity and a length",
            &[
                &post_head("Transfer-Encoding: identity\r\nContent-Length: 5"),
                b"hello",
            ],
            "400|501 closed",
        ),
        odd(
            "xchunked",
            &[&post_head("Transfer-Encoding: xchunked"), b"0\r\n\r\n"],
            "400|501 closed",
        ),
        odd(
            "chunked behind a vertical tab",
            &[&post_head("Transfer-Encoding: \x0bchunked"), b"0\r\n\r\n"],
            "400|501 closed",
        ),
        odd(
            "Transfer-Encoding with a space",
            &[&post_head("Transfer-Encoding : chunked"), b"0\r\n\r\n"],
            "400 closed",
        ),
    ]
}

fn expectations_and_upgrades() -> Vec<Case> {
    let with = |fields: &str| get_with("/api/a", fields);
    let body = get("/api/smuggled");
    let length = format!("Expect: 100-continue\r\nContent-Length: {}", body.len());
    vec![
        well_formed(
            "a POST that expects 100",
            &[
                &post_head("Expect: 100-continue\r\nContent-Length: 5"),
                b"hello",
            ],
            "405/api/a closed",
        ),
        odd(
            "a POST that expects 100, with a body like a request",
            &[&post_head(&length), &body],
            "405/api/a closed",
        ),
        odd(
            "a POST that expects 100 and sends no body",
            &[&post_head(&length)],
            "405? waits",
        ),
        odd(
            "a GET that expects 100",
            &[&with("Expect: 100-continue\r\n")],
            "404/api/a open",
        ),
        odd(
            "a GET that expects something else",
            &[&with("Expect: tea\r\n")],
            "404|417 either",
        ),
        odd(
            "a WebSocket client",
            &[&with(
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
            )],
            "404/api/a open",
        ),
        odd(
            "an h2c client",
            &[&with(
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            )],
            "404/api/a open",
        ),
        odd(
            "an h2c client that goes on at once",
            &[
                &with("Connection: Upgrade\r\nUpgrade: h2c\r\n"),
                HTTP_2_PREFACE,
            ],
            "404/api/a 400|505? closed",
        ),
        odd(
            "a cached page asked with an upgrade",
            &[
                &get_with("/api/v1/movies", "Connection: Upgrade\r\nUpgrade: h2c\r\n"),
                b"\r\n",
            ],
            "200 open",
        ),
    ]
}

fn methods_and_connections() -> Vec<Case> {
    let b = get("/api/b");
    let closing = get_with("/api/a", "Connection: close\r\n");
    vec![
        well_formed("HEAD", &[&line("HEAD /api/a HTTP/1.1")], "404- open"),
        well_formed(
            "HEAD and GET",
            &[&line("HEAD /api/a HTTP/1.1"), &b],
            "404- 404/api/b open",
        ),
        well_formed(
            "HEAD of a cached page and GET",
            &[&line("HEAD /api/v1/movies HTTP/1.1"), &b],
            "200- 404/api/b open",
        ),
        well_formed(
            "OPTIONS",
            &[&line("OPTIONS /api/a HTTP/1.1")],
            "200|204 open",
        ),
        well_formed(
            "DELETE and GET",
            &[&line("DELETE /api/a HTTP/1.1"), &b],
            "405/api/a 404/api/b open",
        ),
        odd(
            "TRACE",
            &[&line("TRACE /api/a HTTP/1.1")],
            "405/api/a either",
        ),
        odd(
            "a method in lower case",
            &[&line("get /api/a HTTP/1.1")],
            "400|405|501 either",
        ),
        odd(
            "a method that is none",
            &[&line("BREW /api/a HTTP/1.1")],
            "405|501 either",
        ),
        odd(
            "a method that is no token",
            &[&line("G@T /api/a HTTP/1.1")],
            "400 closed",
        ),
        odd(
            "a method of 5000 bytes",
            &[&line(&format!("{} /api/a HTTP/1.1", "A".repeat(5000)))],
            "400|405|414|431|501 either",
        ),
        well_formed("close", &[&closing], "404/api/a closed"),
        odd("close, and more", &[&closing, &b], "404/api/a closed"),
        odd(
            "close in another case, and more",
            &[&get_with("/api/a", "connection: CLOSE\r\n"), &b],
            "404/api/a closed",
        ),
        odd(
            "close among others, and more",
            &[&get_with("/api/a", "Connection: x, close\r\n"), &b],
            "404/api/a closed",
        ),
        odd(
            "keep-alive and close, and more",
            &[
                &get_with("/api/a", "Connection: keep-alive\r\nConnection: close\r\n"),
                &b,
            ],
            "404/api/a closed",
        ),
        well_formed(
            "keep-alive",
            &[&get_with("/api/a", "Connection: keep-alive\r\n"), &b],
            "404/api/a 404/api/b open",
        ),
        odd(
            "Host as a connection option",
            &[&get_with("/api/a", "Connection: Host\r\n")],
            "400|404 either",
        ),
    ]
}

fn limits() -> Vec<Case> {
    let open = "404/api/a open";
    let too_large = "431 closed";
    let fields = |count: usize| "X: y\r\n".repeat(count - 1);
    let field = |length: usize| format!("X: {}\r\n", "x".repeat(length));
    let a = get("/api/a");
    let kilobyte = get_with("/api/a", &field(1024));
    let long_url = |length: usize| line(&format!("GET /api/{} HTTP/1.1", "u".repeat(length)));
    let many = vec![kilobyte.as_slice(); 40];
    vec![
        odd("70 fields", &[&get_with("/api/a", &fields(70))], open),
        odd("128 fields", &[&get_with("/api/a", &fields(128))], open),
        odd(
            "129 fields",
            &[&get_with("/api/a", &fields(129))],
            "431 either",
        ),
        odd(
            "1000 fields",
            &[&get_with("/api/a", &fields(1000))],
            too_large,
        ),
        odd(
            "a header of 30 KiB",
            &[&get_with("/api/a", &field(30 * 1024))],
            open,
        ),
        odd(
            "a header of 30 KiB after a request",
            &[&a, &get_with("/api/b", &field(30 * 1024))],
            "404/api/a 404/api/b open",
        ),
        odd(
            "a header of 30 KiB after CRLFs",
            &[&a, b"\r\n\r\n", &get_with("/api/b", &field(30 * 1024))],
            "404/api/a 404/api/b open",
        ),
        odd(
            "two headers of 30 KiB",
            &[
                &get_with("/api/a", &field(30 * 1024)),
                &get_with("/api/b", &field(30 * 1024)),
            ],
            "404/api/a 404/api/b open",
        ),
        odd(
            "a header of 34 KiB",
            &[&get_with("/api/a", &field(34 * 1024))],
            too_large,
        ),
        odd(
            "a header of 48 KB",
            &[&get_with("/api/a", &field(48_000))],
            too_large,
        ),
        odd(
            "a header of 48 KB after a request",
            &[&a, &get_with("/api/b", &field(48_000))],
            "404/api/a 431 closed",
        ),
        odd(
            "a header of 48 KB in small fields",
            &[&get_with("/api/a", &field(600).repeat(80))],
            too_large,
        ),
        odd(
            "an unfinished header of 48 KB",
            &[&get_with("/api/a", &field(48_000))[..48_000]],
            too_large,
        ),
        odd(
            "40 requests of 1 KiB",
            &many,
            &format!("{}open", "404/api/a ".repeat(40)),
        ),
        odd("a URL of 8000 bytes", &[&long_url(8000)], "404 open"),
        odd("a URL of 9 KB", &[&long_url(9000)], "414 either"),
        odd("a URL of 40 KB", &[&long_url(40_000)], "414|431 closed"),
        odd("a URL of 70 KB", &[&long_url(70_000)], "414|431 closed"),
        odd(
            "4000 CRLFs before a request",
            &["\r\n".repeat(4000).as_bytes(), &a],
            "400|404|431 either",
        ),
        odd(
            "40000 CRLFs after a request",
            &[&a, "\r\n".repeat(40_000).as_bytes()],
            "404/api/a 400|431? either",
        ),
    ]
}
