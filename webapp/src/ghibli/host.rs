use http_content::Representation;
use std::sync::Arc;

use axum::extract::Extension;
use http::header::HOST;
use http::{HeaderMap, Uri};

use crate::middleware::Asked;

/// What links start with, where that is configured.
#[derive(Clone, Debug, Default)]
pub struct PublicUrl(pub Option<Arc<str>>);

impl PublicUrl {
    /// Where this app stands, as the one who asks sees it.
    pub(crate) fn root(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.0 {
            return url.to_string();
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        format!("http://{}", host.unwrap_or("localhost"))
    }

    /// Where this API stands, as the one who asks sees it.
    pub(super) fn base(&self, headers: &HeaderMap) -> String {
        format!("{}/ghibli", self.root(headers))
    }

    /// An answer that names this app, as the one who asks sees it.
    pub(crate) fn named_in(&self, answer: Representation) -> Representation {
        if self.0.is_some() {
            answer
        } else {
            answer.varying_by_host()
        }
    }
}

/// The whole address that was asked for, below `base`, written as it came.
pub(super) fn whole_address(base: &str, uri: &Uri, asked: Option<Extension<Asked>>) -> String {
    let asked = asked.map_or_else(|| uri.clone(), |Extension(Asked(uri))| uri);
    let path = asked.path_and_query().map_or("", |asked| asked.as_str());
    let below = path.trim_start_matches('/').split_once('/');
    format!("{base}/{}", below.map_or("", |(_, below)| below))
}
