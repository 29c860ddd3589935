use axum::extract::Request;
use http::{Version, header::HOST, uri::Authority};

use super::error::AppError;

/// A DNS name has at most 253 characters; the rest is for a port.
const MAX_HOST_BYTES: usize = 255;

/// The host that a request names, with its port if it has one; `None` for an HTTP/1.0 request
/// without one.
///
/// The target of a request wins over its `Host` field (RFC 9112, 3.2.2).
///
/// # Errors
///
/// [`AppError::BadRequest`] unless there is one valid `Host`, which only HTTP/1.0 can omit.
pub(crate) fn request_host(request: &Request) -> Result<Option<&[u8]>, AppError> {
    let mut fields = request.headers().get_all(HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (None, _) if request.version() < Version::HTTP_11 => None,
        (Some(host), None) => Some(host.as_bytes()),
        _ => return Err(bad_host()),
    };
    let target = request
        .uri()
        .authority()
        .map(|host| host.as_str().as_bytes());
    if field.into_iter().chain(target).all(is_host) {
        Ok(target.or(field))
    } else {
        Err(bad_host())
    }
}

fn bad_host() -> AppError {
    AppError::BadRequest(format!(
        "send exactly one Host header of at most {MAX_HOST_BYTES} bytes, naming this host"
    ))
}

pub(crate) fn is_host(host: &[u8]) -> bool {
    host.len() <= MAX_HOST_BYTES
        && (is_plain_host(host)
            || Authority::try_from(host)
                .is_ok_and(|host| !host.host().is_empty() && !host.as_str().contains('@')))
}

/// A name or an IPv4 address, with or without a port. Nearly all requests have one, and this check
/// needs no copy.
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

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn the_target_wins_over_the_host_field_and_only_http_1_0_can_omit_it() {
        let long = "a".repeat(MAX_HOST_BYTES);
        let too_long = "a".repeat(MAX_HOST_BYTES + 1);
        for (version, target, hosts, expected) in [
            (Version::HTTP_11, "/", &["a:80"][..], Ok(Some("a:80"))),
            (
                Version::HTTP_11,
                "/",
                &["[::1]:8000"],
                Ok(Some("[::1]:8000")),
            ),
            (Version::HTTP_11, "http://a/", &["b"], Ok(Some("a"))),
            (Version::HTTP_10, "http://a/", &[], Ok(Some("a"))),
            (Version::HTTP_10, "/", &[], Ok(None)),
            (Version::HTTP_10, "/", &["a"], Ok(Some("a"))),
            (Version::HTTP_11, "/", &[&long], Ok(Some(&*long))),
            (Version::HTTP_11, "/", &[&too_long], Err(())),
            (Version::HTTP_11, "/", &[], Err(())),
            (Version::HTTP_11, "http://a/", &[], Err(())),
            (Version::HTTP_11, "http://user@a/", &["b"], Err(())),
            (Version::HTTP_11, "/", &["a", "b"], Err(())),
            (Version::HTTP_11, "/", &[""], Err(())),
            (Version::HTTP_11, "/", &["a b"], Err(())),
            (Version::HTTP_11, "/", &["user@a"], Err(())),
            (Version::HTTP_11, "/", &["a/b"], Err(())),
        ] {
            let mut request = Request::builder().version(version).uri(target);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            let request = request.body(Body::empty()).unwrap();
            let host = request_host(&request).map_err(drop);
            let expected = expected.map(|host| host.map(str::as_bytes));
            assert_eq!(host, expected, "{version:?} {target} {hosts:?}");
        }
    }

    #[test]
    fn a_plain_host_is_one_that_the_full_check_accepts_too() {
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
