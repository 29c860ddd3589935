//! What crawlers are asked to leave out: addresses without end, and answers for programs.

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

/// The starts of paths; `*` stands for any text (RFC 9309).
const DISALLOWED: [&str; 9] = [
    "/search",
    "/movies/random",
    "/changes?from=",
    "/*?*sort=",
    "/*?*view=",
    "/*?*people=",
    "/events",
    "/ghibli",
    "/api/v1/",
];

/// `robots.txt`. Crawlers read it at the root of a host only, so it names paths from there.
pub(crate) async fn show(links: Links) -> Representation {
    let mut text = String::from("User-agent: *\n");
    for path in DISALLOWED {
        text.extend(["Disallow: ", links.prefix(), path, "\n"]);
    }
    Representation::new(TEXT, text)
}
