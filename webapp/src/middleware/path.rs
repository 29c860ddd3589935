use axum::extract::Request;
use http::{Uri, uri::PathAndQuery};

/// Where the compatible API stands; its paths are known in any case.
const GHIBLI: &str = "/ghibli";
/// The API reference: a page for people below an API's path.
pub(crate) const API_DOCS: &str = "/api/docs";

/// Whether a path belongs to an API or to the news: its errors are problems, and any site may read it.
pub(crate) fn is_for_programs(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next();
    first.is_some_and(|first| {
        // The paths of the Ghibli API are known in any case.
        matches!(first, "api" | "events" | "feed.atom") || first.eq_ignore_ascii_case("ghibli")
    })
}

/// The address as it was asked for, where it is not quite the one that is routed.
#[derive(Clone, Debug)]
pub(crate) struct Asked(pub(crate) Uri);

/// `/movies/` is `/movies`, and `/Ghibli` is `/ghibli`, without a redirect.
pub(super) async fn as_routed(mut request: Request) -> Request {
    if let Some(uri) = trimmed(request.uri()) {
        let asked = std::mem::replace(request.uri_mut(), uri);
        request.extensions_mut().insert(Asked(asked));
    }
    request
}

fn trimmed(uri: &Uri) -> Option<Uri> {
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
    fn only_trailing_slashes_and_one_names_case_are_changed() {
        let after = |uri: &str| trimmed(&uri.parse().unwrap()).map(|uri| uri.to_string());

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
    fn apis_are_known_by_their_first_word() {
        assert!(is_for_programs("/api/v1/movies"));
        assert!(is_for_programs("/Ghibli/films"));
        assert!(!is_for_programs("/apiary"));
        assert!(!is_for_programs("/movies/api"));
    }
}
