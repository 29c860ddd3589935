use std::time::Duration;

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, Method, StatusCode, Version,
    header::{ALLOW, HOST},
    uri::Authority,
};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::time::timeout;

use crate::{
    error::{AppError, METHODS},
    server::Limits,
};

/// Refuses what no handler should see.
pub(super) async fn check(
    State(limits): State<Limits>,
    request: Request,
    next: Next,
) -> Result<Response, AppError> {
    if request.headers().len() > limits.max_headers {
        return Err(AppError::TooManyHeaders);
    }
    if request
        .uri()
        .path_and_query()
        .is_some_and(|asked| asked.as_str().len() > limits.max_url_bytes)
    {
        return Err(AppError::AddressTooLong);
    }
    check_host(request.version(), request.headers())?;
    let request = without_body(request, limits.max_body_bytes, limits.body).await?;
    match *request.method() {
        Method::GET | Method::HEAD => Ok(next.run(request).await),
        Method::OPTIONS => Ok((StatusCode::NO_CONTENT, [(ALLOW, METHODS)]).into_response()),
        _ => Err(AppError::MethodNotAllowed),
    }
}

/// Whether a request is one to read that [`check`] lets pass as it is.
pub(crate) fn is_plain_reading(request: &Request, limits: &Limits) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && request.body().is_end_stream()
        && request.headers().len() <= limits.max_headers
        && check_host(request.version(), request.headers()).is_ok()
}

/// HTTP/1.1 demands exactly one Host; hyper does not.
fn check_host(version: Version, headers: &HeaderMap) -> Result<(), AppError> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version < Version::HTTP_11 => Ok(()),
        (Some(host), None) if is_host(host.as_bytes()) => Ok(()),
        _ => Err(AppError::BadRequest(
            "send one Host header with the name of this host".to_owned(),
        )),
    }
}

/// Whether this can be the name of a host, with its port perhaps.
pub(crate) fn is_host(host: &[u8]) -> bool {
    is_plain_host(host)
        || Authority::try_from(host)
            .is_ok_and(|host| !host.host().is_empty() && !host.as_str().contains('@'))
}

/// A name or an IPv4 address, with a port or without, as nearly all send it: seen without a copy.
fn is_plain_host(host: &[u8]) -> bool {
    let digits = host.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let before = &host[..host.len() - digits.count()];
    let name = match before {
        [name @ .., b':'] if before.len() < host.len() => name,
        _ => host,
    };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    !name.is_empty() && name.iter().all(is_plain)
}

/// Reads a body to its end, within bounds, and forgets it: nothing here takes one.
async fn without_body(
    request: Request,
    max_bytes: usize,
    time: Duration,
) -> Result<Request, AppError> {
    if request.body().is_end_stream() {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    timeout(time, forget(body, max_bytes))
        .await
        .unwrap_or(Err(AppError::BodyTooSlow))?;
    Ok(Request::from_parts(parts, Body::empty()))
}

async fn forget(mut body: Body, max_bytes: usize) -> Result<(), AppError> {
    let max_bytes = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    let mut came = 0;
    while came + body.size_hint().lower() <= max_bytes {
        let Some(frame) = body.frame().await else {
            return Ok(());
        };
        let frame = frame.map_err(|_| {
            AppError::BadRequest("the request's body is broken: send none".to_owned())
        })?;
        came += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
    Err(AppError::BodyTooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_host_is_one_that_a_closer_look_accepts_too() {
        for (host, plain) in [
            ("localhost", true),
            ("localhost:8000", true),
            ("127.0.0.1:80", true),
            ("8000", true),
            ("a-b.example.org", true),
            ("[::1]:8000", false),
            ("localhost:", false),
            (":80", false),
            ("", false),
            ("a:80:80", false),
            ("user@host", false),
            ("a b", false),
        ] {
            assert_eq!(is_plain_host(host.as_bytes()), plain, "{host}");
            assert!(!plain || Authority::try_from(host).is_ok(), "{host}");
        }
    }
}
