//! Where requests begin and end.

use super::*;

pub(super) fn after_requests() -> Vec<Case> {
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

pub(super) fn unfinished() -> Vec<Case> {
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

pub(super) fn methods_and_connections() -> Vec<Case> {
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
