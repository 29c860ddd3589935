use http::header::VARY;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Adds a name to `Vary`, if it is not there.
pub(crate) fn add_vary(headers: &mut HeaderMap, name: &HeaderName) {
    let vary = headers.get(VARY).and_then(|vary| vary.to_str().ok());
    let vary = match vary {
        Some(vary) if vary.split(", ").any(|known| name == known) => return,
        Some(vary) => HeaderValue::try_from(format!("{vary}, {name}")),
        None => Ok(HeaderValue::from(name.clone())),
    };
    if let Ok(vary) = vary {
        headers.insert(VARY, vary);
    }
}
