//! Targets, header fields, hosts, versions, and the limits on them.

use super::*;

pub(super) fn targets() -> Vec<Case> {
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

pub(super) fn header_fields() -> Vec<Case> {
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

pub(super) fn hosts() -> Vec<Case> {
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

pub(super) fn old_versions() -> Vec<Case> {
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

pub(super) fn limits() -> Vec<Case> {
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
