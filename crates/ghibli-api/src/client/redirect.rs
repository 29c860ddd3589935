//! Redirects are followed only to configured providers.

use reqwest::redirect::Policy;
use url::{Origin, Url};

const MAX_REDIRECTS: usize = 5;

/// Why a redirect is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RedirectError {
    #[error("more than {MAX_REDIRECTS} in a row")]
    TooMany,
    #[error("it goes from https to http")]
    Downgrade,
    #[error("{0} is not a configured source; add it to PYFLIX_PROVIDER_URLS if you trust it")]
    UnknownOrigin(String),
}

pub(super) fn policy(providers: &[Url]) -> Policy {
    let origins: Vec<Origin> = providers.iter().map(Url::origin).collect();
    Policy::custom(
        move |attempt| match check(&origins, attempt.previous(), attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(error) => attempt.error(error),
        },
    )
}

/// `previous` contains all URLs of this request so far, the first included.
fn check(origins: &[Origin], previous: &[Url], next: &Url) -> Result<(), RedirectError> {
    if previous.len() > MAX_REDIRECTS {
        return Err(RedirectError::TooMany);
    }
    if next.scheme() == "http" && previous.iter().any(|url| url.scheme() == "https") {
        return Err(RedirectError::Downgrade);
    }
    if !origins.contains(&next.origin()) {
        return Err(RedirectError::UnknownOrigin(
            next.origin().ascii_serialization(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_with_the_providers_and_never_leave_tls() {
        let url = |text: &str| Url::parse(text).unwrap();
        let providers = [url("https://a.example/x"), url("http://b.example:81")];
        let origins = providers.each_ref().map(Url::origin);
        let from_a = [url("https://a.example/x/films")];
        let from_b = [url("http://b.example:81/films")];

        for (previous, next, allowed) in [
            (&from_a, "https://a.example/elsewhere", true),
            (&from_a, "https://a.example:444/films", false),
            (&from_a, "http://a.example/films", false),
            (&from_a, "http://b.example:81/films", false),
            (&from_b, "https://a.example/films", true),
            (&from_b, "http://b.example/films", false),
            (&from_b, "http://127.0.0.1/films", false),
            (&from_b, "file:///etc/passwd", false),
        ] {
            let checked = check(&origins, previous, &url(next));
            assert_eq!(checked.is_ok(), allowed, "{next}: {checked:?}");
        }
    }
}
