use http::HeaderMap;
use http::header::ACCEPT;

/// Whether a client accepts JSON and no HTML. Such a program never gets a page.
pub(crate) fn accepts_only_json(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).into_iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let mut accepts_json = false;
    // The rule of the most specific range that includes HTML, and how specific that is.
    let mut html = (0, false);
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let is_accepted = !parts.any(is_zero_weight);
        let suffix = name.rsplit('+').next().unwrap_or_default();
        let is_json = is("application/json") || suffix.eq_ignore_ascii_case("json");
        accepts_json |= is_accepted && is_json;
        let specificity = match name {
            _ if is("text/html") => 3,
            _ if is("text/*") => 2,
            "*/*" | "*" => 1,
            _ => continue,
        };
        if specificity > html.0 {
            html = (specificity, is_accepted);
        }
    }
    accepts_json && !html.1
}

/// Whether a parameter is a weight of zero, which means that a range is not acceptable.
fn is_zero_weight(parameter: &str) -> bool {
    let weight = parameter.split_once('=');
    weight.is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("q") && value.trim().parse() == Ok(0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_accepts_only_json_if_no_range_includes_html() {
        for (accept, expected) in [
            (&[][..], false),
            (&[""], false),
            (&["*/*"], false),
            (&["application/json"], true),
            (&["Application/JSON; charset=utf-8"], true),
            (&["application/problem+json"], true),
            (&["application/json, text/plain"], true),
            (&["application/json, text/plain, */*"], false),
            (&["application/json", "*/*"], false),
            (&["application/json, text/*;q=0.1"], false),
            (&["application/json, text/html;q=0, */*;q=0.5"], true),
            (&["application/json, */*;q=0.000"], true),
            (&["application/json;q=0"], false),
            (&["text/html, application/json"], false),
            (&["image/png"], false),
        ] {
            let headers = accept
                .iter()
                .map(|accept| (ACCEPT, accept.parse().unwrap()));
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.append(name, value);
            }
            assert_eq!(accepts_only_json(&all), expected, "{accept:?}");
        }
    }
}
