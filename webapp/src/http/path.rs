use axum::extract::Request;
use catalogue_index::Role;
use common::models::Kind;
use http::{Uri, uri::PathAndQuery};

/// The path of the drop-in API, which ignores case as the source does.
pub(crate) const GHIBLI: &str = "/ghibli";
/// The API reference: a page for people below an API's path.
pub(crate) const API_DOCS: &str = "/api/docs";

/// The start of the drop-in API's paths as of a version: `/versions/12/ghibli/films`.
pub(crate) const VERSIONS: &str = "/versions/";
/// The parameter that selects the version of a page or of an API response.
pub(crate) const VERSION: &str = "version";

/// Whether a path belongs to an API, the events or the feed: its errors are problem details, and
/// pages of any site can read it.
pub(crate) fn is_api(path: &str) -> bool {
    is_ghibli(path) || matches!(first_segment(path), "api" | "events" | "feed.atom")
}

/// Whether a path belongs to the drop-in API.
pub(crate) fn is_ghibli(path: &str) -> bool {
    let path = ghibli_as_of(path).map_or(path, |(_, below)| below);
    is_current_ghibli(path)
}

/// Splits a path of the drop-in API as of a version: `/versions/12/ghibli/films` into `12` and
/// `/ghibli/films`.
pub(crate) fn ghibli_as_of(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix(VERSIONS)?;
    let (version, below) = path.split_at(path.find('/')?);
    is_current_ghibli(below).then_some((version, below))
}

/// Whether [`VERSION`] selects the version that a path shows: on pages of items and filmmakers,
/// their drawings, and the operations of `/api/v1` for the same.
pub(crate) fn has_versions(path: &str) -> bool {
    let (segment, others) = match path.strip_prefix("/api/v1/") {
        Some(path) => (first_segment(path), &["search"][..]),
        None => (first_segment(path), &["", "art", "search", "timeline"][..]),
    };
    others.contains(&segment)
        || Kind::ALL.map(Kind::plural).contains(&segment)
        || Role::ALL.map(Role::plural).contains(&segment)
}

/// An address of this site as of a version, if there is one: with [`VERSION`] after `separator`,
/// which is `&` or its escaped form, or below [`VERSIONS`].
pub(crate) fn address_as_of(address: &str, version: u64, separator: &str) -> Option<String> {
    let (path, query) = match address.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (address, None),
    };
    if is_current_ghibli(path) {
        return Some(format!("{VERSIONS}{version}{address}"));
    }
    let names_version = |query: &str| {
        query
            .split(separator)
            .any(|pair| pair.starts_with("version="))
    };
    match query {
        _ if !has_versions(path) => None,
        Some(query) if names_version(query) => None,
        Some(_) => Some(format!("{address}{separator}{VERSION}={version}")),
        None => Some(format!("{address}?{VERSION}={version}")),
    }
}

fn is_current_ghibli(path: &str) -> bool {
    first_segment(path).eq_ignore_ascii_case(GHIBLI.trim_start_matches('/'))
}

fn first_segment(path: &str) -> &str {
    let path = path.trim_start_matches('/');
    path.split_once('/').map_or(path, |(first, _)| first)
}

/// The list that a page or an operation of the API belongs to: `people` for `/people/haku` and for
/// `/api/v1/people/haku`. Only the API has a list of versions.
pub(crate) fn list_of(path: &str) -> Option<&'static str> {
    let (path, versions) = match path.strip_prefix("/api/v1") {
        Some(path) => (path, Some("versions")),
        None => (path, None),
    };
    let kinds = Kind::ALL.map(Kind::plural).into_iter();
    let roles = Role::ALL.map(Role::plural);
    let mut lists = kinds.chain(roles).chain(["changes"]).chain(versions);
    lists.find(|list| *list == first_segment(path))
}

/// The request's URI before [`normalize`] changed it.
#[derive(Clone, Debug)]
pub(crate) struct OriginalUri(pub(crate) Uri);

/// Routes `/movies/` as `/movies` and `/Ghibli` as `/ghibli`, without a redirect.
pub(crate) async fn normalize(mut request: Request) -> Request {
    if let Some(uri) = normalized(request.uri()) {
        let original = std::mem::replace(request.uri_mut(), uri);
        request.extensions_mut().insert(OriginalUri(original));
    }
    request
}

fn normalized(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let kept = path.trim_end_matches('/');
    let kept = if kept.is_empty() { "/" } else { kept };
    let (before, below) = match ghibli_as_of(kept) {
        Some((_, below)) => kept.split_at(kept.len() - below.len()),
        None => ("", kept),
    };
    let kept = match below.get(GHIBLI.len()..) {
        Some(rest) if is_current_ghibli(below) => format!("{before}{GHIBLI}{rest}"),
        _ => kept.to_owned(),
    };
    if kept == path {
        return None;
    }
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{kept}?{query}")),
        None => PathAndQuery::try_from(kept.as_str()),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trailing_slashes_and_the_case_of_ghibli_change() {
        let after = |uri: &str| normalized(&uri.parse().unwrap()).map(|uri| uri.to_string());

        assert_eq!(after("/movies/"), Some("/movies".to_owned()));
        assert_eq!(after("/movies//?a=/"), Some("/movies?a=/".to_owned()));
        assert_eq!(after("//"), Some("/".to_owned()));
        assert_eq!(after("/"), None);
        assert_eq!(after("/a//b"), None);
        assert_eq!(after("/GHIBLI"), Some("/ghibli".to_owned()));
        assert_eq!(
            after("/Ghibli/Films/?a=B"),
            Some("/ghibli/Films?a=B".to_owned())
        );
        assert_eq!(after("/Ghiblis"), None);
        assert_eq!(after("/ghibli/films"), None);
        assert_eq!(after("http://host/a/"), Some("http://host/a".to_owned()));
        assert_eq!(
            after("/versions/1/GHIBLI/Films/?a=B"),
            Some("/versions/1/ghibli/Films?a=B".to_owned())
        );
        assert_eq!(after("/versions/1/ghibli/films"), None);
        assert_eq!(after("/versions/GHIBLI"), None);
    }

    #[test]
    fn the_first_segment_tells_an_api() {
        assert!(is_api("/api/v1/movies"));
        assert!(is_api("/Ghibli/films"));
        assert!(is_api("/versions/1/Ghibli/films"));
        assert!(!is_api("/versions/1/movies"));
        assert!(!is_api("/apiary"));
        assert!(!is_api("/movies/api"));
    }

    #[test]
    fn addresses_of_the_catalogue_alone_can_name_a_version() {
        let as_of = |address| address_as_of(address, 12, "&");
        for (address, expected) in [
            ("/", Some("/?version=12")),
            ("/movies", Some("/movies?version=12")),
            (
                "/movies?sort=-year&view=list",
                Some("/movies?sort=-year&view=list&version=12"),
            ),
            ("/directors/x", Some("/directors/x?version=12")),
            (
                "/art/movies/x.svg?v=1",
                Some("/art/movies/x.svg?v=1&version=12"),
            ),
            ("/api/v1/movies/x", Some("/api/v1/movies/x?version=12")),
            ("/ghibli/films?a=1", Some("/versions/12/ghibli/films?a=1")),
            ("/movies?version=3", None),
            ("/movies?a=b&version=3", None),
            ("/status", None),
            ("/changes/3", None),
            ("/about", None),
            ("/feed.atom", None),
            ("/static/pyflix.js?v=1", None),
            ("/api/docs", None),
            ("/api/v1/changes?since=1", None),
            ("/api/v1/timeline", None),
            ("/ghiblis", None),
        ] {
            assert_eq!(as_of(address).as_deref(), expected, "{address}");
        }
    }
}
