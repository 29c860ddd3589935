use std::sync::Arc;

use http::HeaderMap;
use http::header::HOST;
use http_content::Representation;

/// The configured base URL of links, `PYFLIX_PUBLIC_URL`, if any.
#[derive(Clone, Debug, Default)]
pub(crate) struct PublicUrl(pub Option<Arc<str>>);

impl PublicUrl {
    /// The base URL of the site: the configured one, else from the request's host.
    pub(crate) fn root(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.0 {
            return url.to_string();
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        format!("http://{}", host.unwrap_or("localhost"))
    }

    /// Marks a response with links in it as one that depends on the request's host, if it does.
    pub(crate) fn with_links(&self, response: Representation) -> Representation {
        if self.0.is_some() {
            response
        } else {
            response.varying_by_host()
        }
    }
}
