//! The start of links: `PYFLIX_PUBLIC_URL`, or else the host of the request and what a trusted
//! proxy adds to it.

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{FromRequestParts, Request};
use common::config::IpNet;
use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;
use http_content::Representation;
use http_front::ConnectionInfo;

use super::error::AppError;
use super::forwarded::{ForwardedFields, forwarded_field};
use super::host::request_host;
use super::path::{GHIBLI, VERSIONS};

/// Marks the keys of the listener that has the drop-in API at its root.
const AT_ROOT: &str = "=";

/// How clients reach a listener, by its settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct PublicUrl {
    /// `PYFLIX_PUBLIC_URL`, without a final slash.
    pub(crate) configured: Option<Arc<str>>,
    /// `PYFLIX_TRUSTED_PROXIES`.
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    /// Whether the drop-in API is at the root of this listener, and nothing else is there.
    pub(crate) is_ghibli: bool,
}

/// The start of the links in a response, as a key for the response cache: a host, or a URL if a
/// trusted proxy adds to it.
#[derive(Clone, Debug)]
pub(crate) struct LinkKey<'a>(Cow<'a, str>);

/// A [`LinkKey`] that replaces that of the request, to make a cached response again.
#[derive(Clone, Debug)]
pub(crate) struct KnownLinkKey(Arc<str>);

/// The start of links in the response to one request.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    root: Arc<str>,
    is_ghibli: bool,
    /// The version of the drop-in API that the request names.
    version: Option<u64>,
    /// Whether it comes from the request.
    varies_by_request: bool,
    /// Whether [`super::FORWARDED`] fields are read.
    pub(crate) is_forwarded: bool,
}

impl PublicUrl {
    /// Whether [`super::FORWARDED`] fields can change a response.
    fn reads_forwarded(&self) -> bool {
        self.configured.is_none() && !self.trusted_proxies.is_empty()
    }

    /// The key of a request; `None` if nothing names a host, as HTTP/1.0 allows.
    ///
    /// # Errors
    ///
    /// As [`request_host`].
    pub(crate) fn key<'a>(&self, request: &'a Request) -> Result<Option<LinkKey<'a>>, AppError> {
        if let Some(known) = request.extensions().get::<KnownLinkKey>() {
            return Ok(Some(LinkKey(Cow::Borrowed(&known.0))));
        }
        let host = request_host(request)?.and_then(|host| std::str::from_utf8(host).ok());
        let key = match self.forwarded(request) {
            Some(forwarded) => {
                match forwarded.url(host.map(Cow::Borrowed).or_else(|| local(request))) {
                    Some(url) => Cow::Owned(url),
                    None => return Ok(None),
                }
            }
            None => match host {
                Some(host) => Cow::Borrowed(host),
                None => return Ok(None),
            },
        };
        Ok(Some(LinkKey(match self.is_ghibli {
            true => Cow::Owned(format!("{AT_ROOT}{key}")),
            false => key,
        })))
    }

    /// Gives a request its [`Links`], and the path that it has in this process: without the prefix
    /// of the public URL, which a proxy may or may not have removed.
    pub(crate) fn localize(&self, mut request: Request) -> Request {
        self.warn_of_ignored_field(&request);
        let links = match (&self.configured, self.key(&request)) {
            (Some(url), _) => self.links(Arc::clone(url), false),
            (None, Ok(key)) => {
                let key = key.or_else(|| local(&request).map(LinkKey));
                let root = key.map_or_else(|| "http://localhost".to_owned(), |key| key.root());
                self.links(root.into(), true)
            }
            // Refused later.
            (None, Err(_)) => return request,
        };
        let target = request.uri().path_and_query().map(PathAndQuery::as_str);
        if let Some(Cow::Owned(target)) =
            target.map(|target| self.local_target(target, links.prefix()))
            && let Some(uri) = with_target(request.uri(), &target)
        {
            *request.uri_mut() = uri;
        }
        request.extensions_mut().insert(links);
        request
    }

    fn links(&self, root: Arc<str>, varies_by_request: bool) -> Links {
        Links {
            root,
            is_ghibli: self.is_ghibli,
            version: None,
            varies_by_request,
            is_forwarded: self.reads_forwarded(),
        }
    }

    /// The cached part of a target, for a lookup before [`Self::localize`].
    pub(crate) fn cached_target<'a>(
        &self,
        target: &'a str,
        key: Option<&LinkKey<'_>>,
    ) -> Cow<'a, str> {
        let root = match (&self.configured, key) {
            (Some(url), _) => Cow::Borrowed(&**url),
            (None, Some(key)) if self.reads_forwarded() => Cow::Owned(key.root()),
            _ => Cow::Borrowed(""),
        };
        self.local_target(target, prefix(&root))
    }

    /// Borrowed if it is the same.
    fn local_target<'a>(&self, target: &'a str, prefix: &str) -> Cow<'a, str> {
        let below = match target.strip_prefix(prefix) {
            Some(rest) if prefix.is_empty() || rest.starts_with('/') => rest,
            Some(rest) if rest.is_empty() || rest.starts_with('?') => {
                return Cow::Owned(match self.is_ghibli {
                    true => format!("{GHIBLI}{rest}"),
                    false => format!("/{rest}"),
                });
            }
            _ => target,
        };
        if self.is_ghibli && below.starts_with('/') {
            Cow::Owned(format!("{GHIBLI}{below}"))
        } else if below.len() == target.len() {
            Cow::Borrowed(target)
        } else {
            Cow::Owned(below.to_owned())
        }
    }

    /// The forwarded fields of a trusted proxy; `None` without them, or from another client.
    fn forwarded<'a>(&self, request: &'a Request) -> Option<ForwardedFields<'a>> {
        if !self.reads_forwarded() || !self.is_trusted(peer(request)?) {
            return None;
        }
        forwarded_field(request)?;
        Some(ForwardedFields::of(request.headers()))
    }

    fn is_trusted(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|net| net.contains(&peer))
    }

    /// Logs once that a field is ignored, and the settings of this listener that change it.
    fn warn_of_ignored_field(&self, request: &Request) {
        let (None, Some(field), Some(peer)) = (
            &self.configured,
            forwarded_field(request),
            peer(request).filter(|peer| !self.is_trusted(*peer)),
        ) else {
            return;
        };
        static OF_SITE: AtomicBool = AtomicBool::new(false);
        static OF_GHIBLI: AtomicBool = AtomicBool::new(false);
        let (is_logged, listener, public_url) = match self.is_ghibli {
            true => (&OF_GHIBLI, " at PYFLIX_GHIBLI_LISTEN", ""),
            false => (
                &OF_SITE,
                "",
                "PYFLIX_PUBLIC_URL to the address that people use, such as \
                 https://movies.example.org, or ",
            ),
        };
        if !is_logged.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "{field} from {peer}{listener} is ignored, so links begin with http:// and the \
                 Host header: set {public_url}PYFLIX_TRUSTED_PROXIES={peer} if that is your proxy"
            );
        }
    }
}

impl LinkKey<'_> {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn into_owned(self) -> LinkKey<'static> {
        LinkKey(Cow::Owned(self.0.into_owned()))
    }

    fn root(&self) -> String {
        let key = self.0.strip_prefix(AT_ROOT).unwrap_or(&self.0);
        match key.contains("://") {
            true => key.to_owned(),
            false => format!("http://{key}"),
        }
    }
}

impl KnownLinkKey {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(String::from_utf8_lossy(key).into())
    }
}

impl Links {
    /// The base URL of the site, without a final slash.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// The base URL of the drop-in API.
    pub(crate) fn ghibli(&self) -> String {
        match (self.is_ghibli, self.version) {
            (true, _) => self.root.to_string(),
            (false, None) => format!("{}{GHIBLI}", self.root),
            (false, Some(version)) => format!("{}{VERSIONS}{version}{GHIBLI}", self.root),
        }
    }

    /// The links of a response as of a version.
    pub(crate) fn as_of(&self, version: u64) -> Self {
        Self {
            version: Some(version),
            ..self.clone()
        }
    }

    /// The path of the site's address: empty, or with a slash at its start only.
    pub(crate) fn prefix(&self) -> &str {
        prefix(&self.root)
    }

    /// A path of this process, as clients reach it.
    pub(crate) fn public_path(&self, path: &str) -> String {
        let below = path.strip_prefix(GHIBLI).filter(|_| self.is_ghibli);
        format!("{}{}", self.prefix(), below.unwrap_or(path))
    }

    /// Marks a response with links in it as one that depends on the request, if it does.
    pub(crate) fn with_links(&self, response: Representation) -> Representation {
        match self.varies_by_request {
            true => response.varying_by_host(),
            false => response,
        }
    }

    /// The same for a response that has the [`Self::prefix`] in it, but no host.
    pub(crate) fn with_paths(&self, response: Representation) -> Representation {
        match self.varies_by_request && self.is_forwarded {
            true => response.varying_by_host(),
            false => response,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Links {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let links = parts.extensions.get().cloned();
        Ok(links.unwrap_or_else(|| PublicUrl::default().links("http://localhost".into(), true)))
    }
}

/// The path of a URL without a final slash.
pub(crate) fn prefix(url: &str) -> &str {
    let after = url.split_once("://").map_or("", |(_, after)| after);
    after
        .find('/')
        .and_then(|start| after.get(start..))
        .unwrap_or_default()
}

/// The address of the client or of its proxy.
fn peer(request: &Request) -> Option<IpAddr> {
    let connection = request.extensions().get::<ConnectionInfo>()?;
    Some(connection.peer.ip().to_canonical())
}

/// The address at which a client reached this process.
fn local(request: &Request) -> Option<Cow<'static, str>> {
    let connection = request.extensions().get::<ConnectionInfo>()?;
    Some(Cow::Owned(connection.local.to_string()))
}

fn with_target(uri: &Uri, target: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// Puts a path before all addresses on a page. Templates write them from the root of the site, and
/// only a template can contain a quotation mark: those in data are escaped.
pub(crate) fn with_prefix(page: &str, prefix: &str) -> String {
    let prefix = prefix.replace('&', "&amp;");
    let page = ["href", "src", "action"]
        .iter()
        .fold(page.to_owned(), |page, name| {
            page.replace(&format!(" {name}=\"/"), &format!(" {name}=\"{prefix}/"))
        });
    // The one attribute with several addresses.
    let mut parts = page.split(" srcset=\"");
    let mut prefixed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (addresses, rest) = part.split_once('"').unwrap_or((part, ""));
        let addresses = addresses.split(", ").map(|one| format!("{prefix}{one}"));
        let addresses: Vec<_> = addresses.collect();
        prefixed.extend([" srcset=\"", &addresses.join(", "), "\"", rest]);
    }
    prefixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_page_gets_the_prefix_and_no_text() {
        let page = "<a href=\"/movies\">srcset, /images/</a> <form action=\"/search\"> \
                    <img src=\"/a\" srcset=\"/a 1w, /b 2w\" alt=\"\"> \
                    <img srcset=\"/c 3w\"> <a href=\"https://a.example/\">";
        assert_eq!(
            with_prefix(page, "/x&y"),
            "<a href=\"/x&amp;y/movies\">srcset, /images/</a> <form action=\"/x&amp;y/search\"> \
             <img src=\"/x&amp;y/a\" srcset=\"/x&amp;y/a 1w, /x&amp;y/b 2w\" alt=\"\"> \
             <img srcset=\"/x&amp;y/c 3w\"> <a href=\"https://a.example/\">"
        );
    }
}
