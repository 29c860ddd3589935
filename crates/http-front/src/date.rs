use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

/// The last second of the year 9999.
const MAX_SECONDS: u64 = 253_402_300_799;

thread_local! {
    static CACHE: RefCell<DateCache> = const { RefCell::new(DateCache(None)) };
}

/// The value of `Date` now. hyper's own would not follow a clock that is set back.
#[expect(
    clippy::disallowed_methods,
    reason = "no other part of this crate needs a clock"
)]
pub(crate) fn now() -> Option<HeaderValue> {
    CACHE.with_borrow_mut(|cache| cache.at(SystemTime::now()))
}

/// The value of a second.
struct DateCache(Option<(u64, HeaderValue)>);

impl DateCache {
    fn at(&mut self, time: SystemTime) -> Option<HeaderValue> {
        let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
        let seconds = seconds.min(MAX_SECONDS);
        if self.0.as_ref().is_none_or(|(cached, _)| *cached != seconds) {
            let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
            self.0 = Some((seconds, HeaderValue::from_str(&text).ok()?));
        }
        self.0.as_ref().map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_follows_a_clock_that_is_set_back() {
        let mut cache = DateCache(None);
        for (seconds, date) in [
            (1_800_000_000, "Fri, 15 Jan 2027 08:00:00 GMT"),
            (1_799_999_999, "Fri, 15 Jan 2027 07:59:59 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(cache.at(time).unwrap(), date);
        }
        let far = UNIX_EPOCH + Duration::from_secs(MAX_SECONDS + 1);
        assert!(cache.at(far).is_some());
    }
}
