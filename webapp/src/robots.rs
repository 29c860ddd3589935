//! `robots.txt`, which excludes endless addresses and responses for programs from crawling.

use common::models::Kind;
use http::HeaderValue;
use http::header::HeaderName;
use http_content::Representation;

use crate::http::Links;
use crate::http::content::TEXT;

/// For a response that is not a page. Pages say the same in their head.
pub(crate) const NOT_INDEXED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-robots-tag"),
    HeaderValue::from_static("noindex, nofollow"),
);

/// The starts of addresses.
const DISALLOWED: [&str; 10] = [
    "/search",
    "/movies/random",
    "/changes?from=",
    "/events",
    "/ghibli",
    "/images/",
    "/api/v1/",
    "/versions/",
    "/*?version=",
    "/*&version=",
];

/// `robots.txt`. Crawlers read it at the root of a host only, so it names paths from there.
pub(crate) async fn show(links: Links) -> Representation {
    let prefix = links.prefix();
    let mut text = String::from("User-agent: *\n");
    for path in DISALLOWED {
        text.extend(["Disallow: ", prefix, path, "\n"]);
    }
    for kind in Kind::ALL.map(Kind::plural) {
        // Of the views of a list only its pages; the longer rule wins (RFC 9309).
        text.extend(["Disallow: ", prefix, "/", kind, "?\n"]);
        text.extend(["Allow: ", prefix, "/", kind, "?page=\n"]);
    }
    Representation::new(TEXT, text)
}
