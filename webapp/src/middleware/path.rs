use axum::extract::Request;
use http::{Uri, uri::PathAndQuery};

/// Whether a path belongs to an API or to the news: its errors are problems, and any site may read it.
pub(crate) fn is_for_programs(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next();
    first.is_some_and(|first| {
        // The paths of the Ghibli API are known in any case.
        matches!(first, "api" | "events" | "feed.atom") || first.eq_ignore_ascii_case("ghibli")
    })
}

/// `/movies/` is `/movies`, without a redirect.
pub(super) async fn without_trailing_slash(mut request: Request) -> Request {
    if let Some(uri) = trimmed(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn trimmed(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let kept = path.trim_end_matches('/');
    if kept == path || path == "/" {
        return None;
    }
    let kept = if kept.is_empty() { "/" } else { kept };
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{kept}?{query}")),
        None => PathAndQuery::try_from(kept),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trailing_slashes_are_taken_off() {
        let after = |uri: &str| trimmed(&uri.parse().unwrap()).map(|uri| uri.to_string());

        assert_eq!(after("/movies/"), Some("/movies".to_owned()));
        assert_eq!(after("/movies//?a=/"), Some("/movies?a=/".to_owned()));
        assert_eq!(after("//"), Some("/".to_owned()));
        assert_eq!(after("/"), None);
        assert_eq!(after("/a//b"), None);
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
