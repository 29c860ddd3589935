//! Which pages of other sites can read a response (CORS).

use axum::extract::Request;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN,
};
use http::{HeaderMap, HeaderValue, Method};

use super::error::METHODS;
use super::path::{is_api, is_ghibli};
use super::vary::add_vary;

const ANY: HeaderValue = HeaderValue::from_static("*");
const EXPOSED: HeaderValue =
    HeaderValue::from_static("ETag, Link, X-Catalogue-Version, X-Request-Id, X-Total-Count");
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");

/// Which pages of other sites can read the response to a request.
pub(crate) enum Cors {
    /// Not an API: no page of another site can read it.
    Closed,
    /// Any page can read it, without credentials.
    Public { is_preflight: bool },
    /// The drop-in API: any page can read it, with credentials, as at the source.
    Credentials {
        origin: Option<HeaderValue>,
        is_preflight: bool,
        requested: Option<HeaderValue>,
    },
}

impl Cors {
    /// `path` is that in this process, without the prefix of the public address.
    pub(crate) fn of(path: &str, request: &Request) -> Self {
        let is_preflight = request.method() == Method::OPTIONS;
        if is_ghibli(path) {
            Self::Credentials {
                origin: request.headers().get(ORIGIN).cloned(),
                is_preflight,
                requested: request
                    .headers()
                    .get(ACCESS_CONTROL_REQUEST_HEADERS)
                    .cloned(),
            }
        } else if is_api(path) {
            Self::Public { is_preflight }
        } else {
            Self::Closed
        }
    }

    /// Adds the only field of a cached response that depends on the request.
    pub(crate) fn add_to_cached(path: &str, request: &Request, headers: &mut HeaderMap) {
        if is_ghibli(path)
            && let Some(origin) = request.headers().get(ORIGIN)
        {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
    }

    pub(crate) fn add(self, headers: &mut HeaderMap) {
        let is_preflight = match self {
            Self::Closed => return,
            Self::Public { is_preflight } => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
                if is_preflight {
                    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ANY);
                }
                is_preflight
            }
            Self::Credentials {
                origin,
                is_preflight,
                requested,
            } => {
                add_vary(headers, &ORIGIN);
                if let Some(origin) = origin {
                    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                }
                headers.insert(
                    ACCESS_CONTROL_ALLOW_CREDENTIALS,
                    HeaderValue::from_static("true"),
                );
                if is_preflight {
                    add_vary(headers, &ACCESS_CONTROL_REQUEST_HEADERS);
                    if let Some(requested) = requested {
                        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, requested);
                    }
                }
                is_preflight
            }
        };
        if is_preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        } else {
            // The drop-in API sets its own on pages of a list, as the source does.
            headers
                .entry(ACCESS_CONTROL_EXPOSE_HEADERS)
                .or_insert(EXPOSED);
        }
    }
}
