//! Bodies and their framing.

use super::*;

pub(super) fn bodies() -> Vec<Case> {
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
        malformed(
            "a POST with a body like a request, and a request",
            &[&post_head(&length), smuggled.as_bytes(), &b],
            refused,
        ),
        malformed(
            "a POST with a body and a CRLF",
            &[&post_head("Content-Length: 5"), b"hello", b"\r\n"],
            refused,
        ),
        malformed(
            "a POST with too long a body, like requests",
            &[
                &post_head(&format!("Content-Length: {}", 2000 * smuggled.len())),
                smuggled.repeat(2000).as_bytes(),
            ],
            "405|413 closed",
        ),
        malformed(
            "a POST with part of too long a body",
            &[&post_head("Content-Length: 1000000"), smuggled.as_bytes()],
            "405|413 closed",
        ),
        malformed(
            "a POST without Host, whose body looks like a request",
            &[
                format!("POST /api/a HTTP/1.1\r\n{length}\r\n\r\n").as_bytes(),
                smuggled.as_bytes(),
            ],
            invalid,
        ),
        malformed(
            "a GET with a body",
            &[&get_with("/api/a", "Content-Length: 5\r\n"), b"hello"],
            "404/api/a closed",
        ),
        malformed(
            "a GET whose body looks like a request",
            &[
                &get_with("/api/a", &format!("{length}\r\n")),
                smuggled.as_bytes(),
            ],
            "404/api/a closed",
        ),
        malformed(
            "a cached page requested with a body",
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
        malformed(
            "a POST without a length",
            &[&post_head("X: y")],
            "405|411 either",
        ),
        malformed(
            "two lengths",
            &[
                &post_head("Content-Length: 5\r\nContent-Length: 6"),
                b"hello!",
            ],
            invalid,
        ),
        malformed(
            "the same length twice",
            &[
                &post_head("Content-Length: 5\r\nContent-Length: 5"),
                b"hello",
            ],
            "400|405 closed",
        ),
        malformed(
            "a list of lengths",
            &[&post_head("Content-Length: 5, 5"), b"hello"],
            "400|405 closed",
        ),
        malformed(
            "a length of +5",
            &[&post_head("Content-Length: +5"), b"hello"],
            invalid,
        ),
        malformed(
            "a length of -1",
            &[&post_head("Content-Length: -1"), b"hello"],
            invalid,
        ),
        malformed(
            "a length of 0x5",
            &[&post_head("Content-Length: 0x5"), b"hello"],
            invalid,
        ),
        malformed(
            "an empty length",
            &[&post_head("Content-Length:"), b"hello"],
            invalid,
        ),
        malformed(
            "a length of 2^64",
            &[&post_head("Content-Length: 18446744073709551616"), b"hello"],
            invalid,
        ),
        malformed(
            "a length near 2^64",
            &[&post_head("Content-Length: 18446744073709551615"), b"hello"],
            "400|405|413|431 closed",
        ),
        malformed(
            "a folded length",
            &[&post_head("Content-Length:\r\n 5"), b"hello"],
            "400|405 closed",
        ),
    ]
}

pub(super) fn chunked_bodies() -> Vec<Case> {
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
        malformed(
            "a chunked POST, and a request",
            &[&chunked, b"0\r\n\r\n", &b],
            refused,
        ),
        malformed(
            "chunk extensions",
            &[&chunked, b"5;a=b;c=\"d\"\r\nhello\r\n", b"0\r\n\r\n"],
            allowed,
        ),
        malformed(
            "a chunk whose size is none",
            &[&chunked, b"zz\r\nhello\r\n0\r\n\r\n"],
            allowed,
        ),
        malformed(
            "a chunk of a negative size",
            &[&chunked, b"-5\r\nhello\r\n0\r\n\r\n"],
            allowed,
        ),
        malformed(
            "a chunk of 2^64",
            &[&chunked, b"10000000000000000\r\nhello\r\n0\r\n\r\n"],
            "400|405|413 closed",
        ),
        malformed(
            "a chunk longer than its size",
            &[&chunked, b"3\r\nhello\r\n0\r\n\r\n"],
            allowed,
        ),
        malformed(
            "chunks that end with LF",
            &[&chunked, b"5\nhello\n0\n\n", &b],
            allowed,
        ),
        malformed(
            "a length and chunks",
            &[
                &post_head("Content-Length: 4\r\nTransfer-Encoding: chunked"),
                b"0\r\n\r\n",
                &smuggled,
            ],
            allowed,
        ),
        malformed(
            "chunks and a length",
            &[
                &post_head("Transfer-Encoding: chunked\r\nContent-Length: 4"),
                b"0\r\n\r\n",
                &smuggled,
            ],
            allowed,
        ),
        malformed(
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
        malformed(
            "chunked twice",
            &[
                &post_head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
                b"0\r\n\r\n",
            ],
            allowed,
        ),
        malformed(
            "chunked, and then gzip",
            &[&post_head("Transfer-Encoding: chunked, gzip"), b"0\r\n\r\n"],
            "400|501 closed",
        ),
        malformed(
            "gzip",
            &[&post_head("Transfer-Encoding: gzip"), b"hello"],
            "400|501 closed",
        ),
        malformed(
            "gzip, and then chunked",
            &[&post_head("Transfer-Encoding: gzip, chunked"), b"0\r\n\r\n"],
            "400|405|501 closed",
        ),
        malformed(
            "identity",
            &[&post_head("Transfer-Encoding: identity"), b"hello"],
            "400|501 closed",
        ),
        malformed(
            "identity and a length",
            &[
                &post_head("Transfer-Encoding: identity\r\nContent-Length: 5"),
                b"hello",
            ],
            "400|501 closed",
        ),
        malformed(
            "xchunked",
            &[&post_head("Transfer-Encoding: xchunked"), b"0\r\n\r\n"],
            "400|501 closed",
        ),
        malformed(
            "chunked behind a vertical tab",
            &[&post_head("Transfer-Encoding: \x0bchunked"), b"0\r\n\r\n"],
            "400|501 closed",
        ),
        malformed(
            "Transfer-Encoding with a space",
            &[&post_head("Transfer-Encoding : chunked"), b"0\r\n\r\n"],
            "400 closed",
        ),
    ]
}

pub(super) fn expectations_and_upgrades() -> Vec<Case> {
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
        malformed(
            "a POST that expects 100, with a body like a request",
            &[&post_head(&length), &body],
            "405/api/a closed",
        ),
        malformed(
            "a POST that expects 100 and sends no body",
            &[&post_head(&length)],
            "405? waits",
        ),
        malformed(
            "a GET that expects 100",
            &[&with("Expect: 100-continue\r\n")],
            "404/api/a open",
        ),
        malformed(
            "a GET that expects something else",
            &[&with("Expect: tea\r\n")],
            "404|417 either",
        ),
        malformed(
            "a WebSocket client",
            &[&with(
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
            )],
            "404/api/a open",
        ),
        malformed(
            "an h2c client",
            &[&with(
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            )],
            "404/api/a open",
        ),
        malformed(
            "an h2c client that goes on at once",
            &[
                &with("Connection: Upgrade\r\nUpgrade: h2c\r\n"),
                HTTP_2_PREFACE,
            ],
            "404/api/a 400|505? closed",
        ),
        malformed(
            "a cached page requested with an upgrade",
            &[
                &get_with("/api/v1/movies", "Connection: Upgrade\r\nUpgrade: h2c\r\n"),
                b"\r\n",
            ],
            "200 open",
        ),
    ]
}
