/// A content encoding (RFC 9110, 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// No encoding.
    Identity,
    /// Brotli.
    Brotli,
    /// Zstandard.
    Zstd,
    /// Gzip.
    Gzip,
}

/// Smallest result first, for a client without a preference among those that it names.
const BY_SIZE: [Encoding; 4] = [
    Encoding::Brotli,
    Encoding::Zstd,
    Encoding::Gzip,
    Encoding::Identity,
];
/// Best supported first, for a client that accepts `*` and may not know the newer ones.
const BY_AGE: [Encoding; 4] = [
    Encoding::Identity,
    Encoding::Gzip,
    Encoding::Zstd,
    Encoding::Brotli,
];

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Brotli, Self::Zstd, Self::Gzip];

    /// The name in `Content-Encoding`; `None` for identity.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
            Self::Gzip => Some("gzip"),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("x-gzip") {
            return Some(Self::Gzip);
        }
        BY_SIZE
            .into_iter()
            .find(|encoding| is(encoding.name().unwrap_or("identity")))
    }
}

/// The encodings that a client accepts: its `Accept-Encoding` fields, parsed.
#[derive(Clone, Debug, Default)]
pub struct AcceptedEncodings {
    /// Qualities in thousandths, in the order of [`Encoding`].
    named: [Option<u16>; 4],
    any: Option<u16>,
}

impl AcceptedEncodings {
    /// Parses all fields. Malformed members are ignored, and no field means identity.
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut accepted = Self::default();
        for field in fields {
            for item in str::from_utf8(field).unwrap_or_default().split(',') {
                accepted.read(item);
            }
        }
        accepted
    }

    /// The encoding to respond with; `None` if the client refuses all of them (RFC 9110, 12.5.3).
    ///
    /// The highest quality wins, then the encodings that the client names. Content that is not
    /// `worth_encoding` stays unencoded unless the client refuses that.
    pub fn choose(&self, worth_encoding: bool) -> Option<Encoding> {
        let says_nothing = self.any.is_none() && self.named == [None; 4];
        if says_nothing {
            return Some(Encoding::Identity);
        }
        if !worth_encoding && self.quality(Encoding::Identity).is_some() {
            return Some(Encoding::Identity);
        }
        let named = BY_SIZE.into_iter().filter(|&encoding| self.names(encoding));
        let others = BY_AGE.into_iter().filter(|&encoding| !self.names(encoding));
        let mut best = None;
        for encoding in named.chain(others) {
            let quality = self.quality(encoding);
            if quality > best.map(|(quality, _)| quality) {
                best = quality.map(|quality| (quality, encoding));
            }
        }
        best.map(|(_, encoding)| encoding)
    }

    fn names(&self, encoding: Encoding) -> bool {
        self.named[encoding as usize].is_some()
    }

    /// The client's quality value in thousandths; `None` if it refuses the encoding.
    fn quality(&self, encoding: Encoding) -> Option<u16> {
        match self.named[encoding as usize].or(self.any) {
            Some(0) => None,
            None if encoding == Encoding::Identity => Some(0),
            quality => quality,
        }
    }

    fn read(&mut self, item: &str) {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality = match parts.next() {
            None => Some(1000),
            Some(weight) => weight
                .strip_prefix(['q', 'Q'])
                .and_then(|rest| rest.trim_start().strip_prefix('='))
                .and_then(|value| thousandths(value.trim_start())),
        };
        let Some(quality) = quality else { return };
        if name == "*" {
            self.any = Some(quality);
        } else if let Some(encoding) = Encoding::named(name) {
            self.named[encoding as usize] = Some(quality);
        }
    }
}

/// `0`, `1` or up to three digits between them, in thousandths.
fn thousandths(value: &str) -> Option<u16> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    match whole {
        "0" => format!("{fraction:0<3}").parse().ok(),
        "1" => fraction.bytes().all(|digit| digit == b'0').then_some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_gets_the_coding_that_it_asked_for() {
        use Encoding::{Brotli, Gzip, Identity, Zstd};
        for (field, expected) in [
            ("", Some(Identity)),
            ("gzip, deflate, br, zstd", Some(Brotli)),
            ("GZIP", Some(Gzip)),
            ("x-gzip", Some(Gzip)),
            ("zstd;q=1.0, br;q=0.9", Some(Zstd)),
            ("br;q=0.001", Some(Brotli)),
            ("br; Q = 0.5 , gzip;q=0.7", Some(Gzip)),
            ("br;q=0.5, identity", Some(Identity)),
            ("br;q=0, gzip;q=0", Some(Identity)),
            ("deflate", Some(Identity)),
            // `*` does not choose an encoding that the client may not know.
            ("*", Some(Identity)),
            ("gzip, *", Some(Gzip)),
            ("gzip;q=0.5, *;q=0.1", Some(Gzip)),
            ("br;q=0.1, *;q=0.9", Some(Identity)),
            ("*;q=0, zstd", Some(Zstd)),
            ("identity;q=0, *", Some(Gzip)),
            ("identity;q=0, gzip;q=0, *;q=0.1", Some(Zstd)),
            ("identity;q=0", None),
            ("*;q=0", None),
            ("gzip;q=0, *;q=0", None),
            // Malformed members are ignored.
            ("br;q=2, gzip;q=0.3", Some(Gzip)),
            ("br;q=0.1234, zstd;level=3, gzip", Some(Gzip)),
        ] {
            assert_eq!(accepted(field).choose(true), expected, "{field}");
        }
    }

    #[test]
    fn content_not_worth_encoding_is_encoded_only_on_demand() {
        assert_eq!(accepted("br").choose(false), Some(Encoding::Identity));
        assert_eq!(
            accepted("br, identity;q=0").choose(false),
            Some(Encoding::Brotli)
        );
    }

    fn accepted(field: &str) -> AcceptedEncodings {
        AcceptedEncodings::of([field.as_bytes()])
    }
}
