//! The trace that a request belongs to, as its client says (W3C Trace Context).

use http::HeaderMap;

/// The trace id of a request's `traceparent` field: 32 lower-case hexadecimal digits, not all zero.
/// `None` if the field is missing, repeated or invalid, in which case the standard ignores it.
pub(crate) fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("traceparent").iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let mut fields = value.to_str().ok()?.splitn(5, '-');
    let version = id(fields.next()?, 2)?;
    let trace_id = id(fields.next()?, 32).filter(is_not_zero)?;
    id(fields.next()?, 16).filter(is_not_zero)?;
    id(fields.next()?, 2)?;
    // Later versions may have more fields.
    let is_valid = version != "ff" && (version != "00" || fields.next().is_none());
    is_valid.then_some(trace_id)
}

/// A field of so many lower-case hexadecimal digits.
fn id(field: &str, digits: usize) -> Option<&str> {
    let is_id = field.len() == digits
        && field
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_id.then_some(field)
}

fn is_not_zero(field: &&str) -> bool {
    field.bytes().any(|digit| digit != b'0')
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append("traceparent", value);
        }
        headers
    }

    #[test]
    fn the_trace_of_a_valid_field_is_read() {
        for valid in [
            format!("00-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-ff"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01-what-the-future-will-be"),
        ] {
            assert_eq!(trace_id(&headers(&[&valid])), Some(TRACE), "{valid}");
        }
    }

    #[test]
    fn an_invalid_field_is_ignored() {
        let zeros = "0".repeat(32);
        for invalid in [
            String::new(),
            TRACE.to_owned(),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01.more"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("0-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{zeros}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{TRACE}0-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-0x"),
            format!("00-{TRACE}-00f067aa0ba902b7-é1"),
        ] {
            assert_eq!(trace_id(&headers(&[&invalid])), None, "{invalid}");
        }
        let valid = format!("00-{TRACE}-00f067aa0ba902b7-01");
        assert_eq!(trace_id(&headers(&[&valid, &valid])), None, "twice");
        assert_eq!(trace_id(&HeaderMap::new()), None);
    }
}
