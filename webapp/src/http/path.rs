use axum::extract::Request;
use catalogue_index::Role;
use common::models::Kind;
use http::{Uri, uri::PathAndQuery};

/// The path of the compatible API, which ignores case as the source does.
pub(crate) const GHIBLI: &str = "/ghibli";
/// The API reference: a page for people below an API's path.
pub(crate) const API_DOCS: &str = "/api/docs";

/// Whether a path belongs to an API, the events or the feed: its errors are problem details, and
/// pages of any site can read it.
pub(crate) fn is_api(path: &str) -> bool {
    is_ghibli(path) || matches!(first_segment(path), "api" | "events" | "feed.atom")
}

/// Whether a path belongs to the compatible API.
pub(crate) fn is_ghibli(path: &str) -> bool {
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
    let kept = match kept.get(..GHIBLI.len()) {
        Some(start) if start.eq_ignore_ascii_case(GHIBLI) => {
            let rest = kept.get(GHIBLI.len()..).unwrap_or_default();
            if rest.is_empty() || rest.starts_with('/') {
                format!("{GHIBLI}{rest}")
            } else {
                kept.to_owned()
            }
        }
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
    }

    #[test]
    fn the_first_segment_tells_an_api() {
        assert!(is_api("/api/v1/movies"));
        assert!(is_api("/Ghibli/films"));
        assert!(!is_api("/apiary"));
        assert!(!is_api("/movies/api"));
    }
}
