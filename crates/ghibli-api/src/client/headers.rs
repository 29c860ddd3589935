//! The points in time that a source names. All are measured by its own clock, which may be far
//! from this one.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// The longest that a source is left alone at its word: an hour.
const LONGEST_REST: Duration = Duration::from_secs(60 * 60);
/// Stands for a date that nothing says the distance of.
const UNKNOWN_REST: Duration = Duration::from_secs(60);

/// How long `Retry-After` asks to leave the source alone; an hour at most.
pub(super) fn rest(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = if is_number {
        // Only a number beyond all bounds cannot be read.
        text.parse().map_or(LONGEST_REST, Duration::from_secs)
    } else {
        let until = http_date(headers, RETRY_AFTER)?;
        match http_date(headers, DATE) {
            Some(now) => until.duration_since(now).unwrap_or_default(),
            None => UNKNOWN_REST,
        }
    };
    Some(rest.min(LONGEST_REST))
}

/// The date in a header, to the second.
pub(super) fn http_date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    let text = headers.get(name)?.to_str().ok()?;
    httpdate::parse_http_date(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_a_number_of_seconds_or_a_date_and_an_hour_at_most() {
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
            assert_eq!(rest(&headers).map(|rest| rest.as_secs()), seconds, "{text}");
        }
        assert_eq!(rest(&HeaderMap::new()), None);
    }
}
