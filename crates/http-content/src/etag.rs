use http::HeaderValue;

use crate::Encoding;

/// The strong ETag of content in an encoding: the content's hash and the encoding's name.
pub(crate) fn etag(hash: u128, encoding: Encoding) -> Option<HeaderValue> {
    let etag = match encoding.name() {
        Some(name) => format!("\"{hash:032x}-{name}\""),
        None => format!("\"{hash:032x}\""),
    };
    HeaderValue::try_from(etag).ok()
}

/// Whether a list of an `If-None-Match` field names content with this hash.
///
/// The comparison is weak (RFC 9110, 13.1.2), and a tag of any encoding matches: proxies compress,
/// decompress and rewrite tags, and the client still has the content.
pub(crate) fn any_matches<'a>(lists: impl IntoIterator<Item = &'a [u8]>, hash: u128) -> bool {
    let mut lists = lists.into_iter().peekable();
    if lists.peek().is_none() {
        return false;
    }
    let hash = hex(hash);
    lists.any(|list| {
        list.trim_ascii() == b"*"
            || opaque_tags(list).any(|tag| match tag.strip_prefix(&hash) {
                Some([]) => true,
                Some([b'-', suffix @ ..]) => is_encoding(suffix),
                _ => false,
            })
    })
}

/// As `{hash:032x}`, without formatting machinery: many requests of browsers have a tag.
fn hex(hash: u128) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash.to_be_bytes()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    digits
}

fn is_encoding(suffix: &[u8]) -> bool {
    let mut names = Encoding::ALL.into_iter().filter_map(Encoding::name);
    names.any(|name| name.as_bytes() == suffix)
}

/// The tags of a list without quotes and weakness. A tag can contain commas.
fn opaque_tags(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let start = list.iter().position(|&byte| byte == b'"')? + 1;
        let length = list[start..].iter().position(|&byte| byte == b'"')?;
        let tag = &list[start..start + length];
        list = &list[start + length + 1..];
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_matches_in_any_list_weak_or_strong_and_in_any_encoding() {
        let tag = format!("{:032x}", 7);
        for (list, matches) in [
            ("\"TAG\"", true),
            ("W/\"TAG\"", true),
            ("\"x\", W/\"a,b\" , \"TAG\"", true),
            ("\"TAG-br\"", true),
            ("W/\"TAG-gzip\"", true),
            ("\"TAG-zstd\", \"x\"", true),
            (" * ", true),
            ("\"TAG-\"", false),
            ("\"TAG-brr\"", false),
            ("\"TAGbr\"", false),
            ("\"xTAG\"", false),
            ("\"x,\"TAG\"", false),
            ("TAG", false),
            ("\"TAG", false),
            ("", false),
        ] {
            let list = list.replace("TAG", &tag);
            assert_eq!(any_matches([list.as_bytes()], 7), matches, "{list}");
        }
        assert!(any_matches([&b"\"x\""[..], b"*"], 7), "every field counts");
        assert!(!any_matches([], 7));
    }
}
