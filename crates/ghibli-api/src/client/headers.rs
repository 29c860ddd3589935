//! Dates and durations in response headers. Dates are relative to the source's own clock (`Date`),
//! which may differ from this one.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// Maximum accepted `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// For a `Retry-After` date in a response without `Date`.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The value of `Retry-After`, at most an hour.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let duration = if is_number {
        // Parsing fails only on overflow.
        text.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs)
    } else {
        let until = http_date(headers, RETRY_AFTER)?;
        match http_date(headers, DATE) {
            Some(now) => until.duration_since(now).unwrap_or_default(),
            None => DEFAULT_RETRY_AFTER,
        }
    };
    Some(duration.min(MAX_RETRY_AFTER))
}

/// The date in a header.
pub(super) fn http_date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    let text = headers.get(name)?.to_str().ok()?;
    httpdate::parse_http_date(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_at_most_an_hour() {
        let now = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (text, date, seconds) in [
            ("42", None, Some(42)),
            (" 7 ", None, Some(7)),
            ("0", None, Some(0)),
            ("86400", None, Some(3600)),
            ("99999999999999999999999", None, Some(3600)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(now), Some(30)),
            ("Sunday, 06-Nov-94 08:50:07 GMT", Some(now), Some(30)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", Some(now), Some(3600)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(now), Some(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, Some(60)),
            ("", None, None),
            ("-1", None, None),
            ("soon", Some(now), None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            let parsed = retry_after(&headers).map(|duration| duration.as_secs());
            assert_eq!(parsed, seconds, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
