/// How content is written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// Brotli.
    Brotli,
    /// Zstandard.
    Zstd,
    /// The old one that everybody reads.
    Gzip,
}

/// The best first, where the client has no preference among those that it names.
const BY_SIZE: [Coding; 4] = [Coding::Brotli, Coding::Zstd, Coding::Gzip, Coding::Identity];
/// The safest first, for a client that says "any" and may not know the newer ones.
const BY_AGE: [Coding; 4] = [Coding::Identity, Coding::Gzip, Coding::Zstd, Coding::Brotli];

impl Coding {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Brotli, Self::Zstd, Self::Gzip];

    /// The name in `Content-Encoding`; none for identity.
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
            .find(|coding| is(coding.name().unwrap_or("identity")))
    }
}

/// The codings that a client accepts, from its `Accept-Encoding`.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    /// Qualities in thousandths, in the order of [`Coding`].
    named: [Option<u16>; 4],
    any: Option<u16>,
}

impl Accepted {
    /// Reads all fields; what cannot be read is left out, and no field means identity.
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut accepted = Self::default();
        for field in fields {
            for item in str::from_utf8(field).unwrap_or_default().split(',') {
                accepted.read(item);
            }
        }
        accepted
    }

    /// The coding to answer with; none if the client refuses them all (RFC 9110, 12.5.3).
    ///
    /// The highest quality wins, then what the client names itself. What is not
    /// `worth_encoding` goes as it is unless the client refuses that.
    pub fn choose(&self, worth_encoding: bool) -> Option<Coding> {
        let says_nothing = self.any.is_none() && self.named == [None; 4];
        if says_nothing {
            return Some(Coding::Identity);
        }
        if !worth_encoding && self.quality(Coding::Identity).is_some() {
            return Some(Coding::Identity);
        }
        let named = BY_SIZE.into_iter().filter(|&coding| self.names(coding));
        let others = BY_AGE.into_iter().filter(|&coding| !self.names(coding));
        let mut best = None;
        for coding in named.chain(others) {
            let quality = self.quality(coding);
            if quality > best.map(|(quality, _)| quality) {
                best = quality.map(|quality| (quality, coding));
            }
        }
        best.map(|(_, coding)| coding)
    }

    fn names(&self, coding: Coding) -> bool {
        self.named[coding as usize].is_some()
    }

    /// How much the client wants it; none if it does not accept it at all.
    fn quality(&self, coding: Coding) -> Option<u16> {
        match self.named[coding as usize].or(self.any) {
            Some(0) => None,
            None if coding == Coding::Identity => Some(0),
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
        } else if let Some(coding) = Coding::named(name) {
            self.named[coding as usize] = Some(quality);
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
        use Coding::{Brotli, Gzip, Identity, Zstd};
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
            // "Any" does not choose a coding that the client may not know.
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
            // What cannot be read is not asked for.
            ("br;q=2, gzip;q=0.3", Some(Gzip)),
            ("br;q=0.1234, zstd;level=3, gzip", Some(Gzip)),
        ] {
            assert_eq!(accepted(field).choose(true), expected, "{field}");
        }
    }

    #[test]
    fn what_is_not_worth_encoding_is_encoded_only_if_it_must_be() {
        assert_eq!(accepted("br").choose(false), Some(Coding::Identity));
        assert_eq!(
            accepted("br, identity;q=0").choose(false),
            Some(Coding::Brotli)
        );
    }

    fn accepted(field: &str) -> Accepted {
        Accepted::of([field.as_bytes()])
    }
}
