use std::borrow::Cow;

/// The places of the hyphens in a UUID.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const UUID_LENGTH: usize = 36;

/// An id as the catalogue has it: a UUID in lower case, because its letters mean the same in both
/// (RFC 9562, section 4), and any other text unchanged.
pub fn canonical_id(id: &str) -> Cow<'_, str> {
    match is_uuid(id) && id.contains(|c: char| c.is_ascii_uppercase()) {
        true => Cow::Owned(id.to_ascii_lowercase()),
        false => Cow::Borrowed(id),
    }
}

fn is_uuid(text: &str) -> bool {
    let is_expected = |(at, byte): (usize, u8)| match HYPHENS.contains(&at) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    text.len() == UUID_LENGTH && text.bytes().enumerate().all(is_expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_letters_of_a_uuid_are_the_same_in_both_cases() {
        let lower = "2baf70d1-42bb-4437-b551-e5fed5a87abe";
        assert_eq!(canonical_id(&lower.to_uppercase()), lower);
        assert_eq!(canonical_id("2BAF70d1-42bb-4437-b551-e5fed5a87abe"), lower);
        for other in [
            lower,
            "Totoro",
            "2BAF70D142BB4437B551E5FED5A87ABE",
            "2BAF70D1-42BB-4437-B551-E5FED5A87ABG",
            "2BAF70D1-42BB-4437-B551-E5FED5A87AB",
            "2BAF70D1-42BB-4437-B551E-5FED5A87ABE",
            "",
        ] {
            assert_eq!(canonical_id(other), other);
        }
    }
}
