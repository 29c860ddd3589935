//! Identifies the content of a source, to detect that it is unchanged without parsing it.

use std::collections::BTreeMap;

use reqwest::RequestBuilder;
use reqwest::header::{
    DATE, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::headers::http_date;
use crate::wire::Collection;

/// Validators and digests of the five collections of one provider. Only the digests are
/// serialized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFingerprint {
    /// The provider's URL without credentials.
    pub(super) provider: Url,
    pub(super) collections: BTreeMap<Collection, CollectionFingerprint>,
}

impl SourceFingerprint {
    /// A copy that makes no request conditional, so that the source must send everything.
    #[must_use]
    pub fn without_validators(&self) -> Self {
        let mut fingerprint = self.clone();
        for collection in fingerprint.collections.values_mut() {
            collection.validators = Validators::default();
        }
        fingerprint
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CollectionFingerprint {
    /// The URL after redirects.
    pub(super) url: Url,
    /// The validators of the full response. Empty for a collection fetched in pages, unless the
    /// full response was too large and its validators were the same before and after the pages.
    #[serde(skip)]
    pub(super) validators: Validators,
    /// XXH3 of the body, or of the digests of the pages.
    #[serde(with = "hex")]
    pub(super) digest: u128,
    pub(super) elements: usize,
}

/// RFC 9110 validators of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Validators {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Validators {
    pub(super) fn from_headers(headers: &HeaderMap) -> Self {
        Self {
            etag: headers.get(ETAG).cloned(),
            last_modified: strong_last_modified(headers).cloned(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// Makes a request conditional.
    pub(super) fn add_to(&self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(etag) = &self.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(last_modified) = &self.last_modified {
            request = request.header(IF_MODIFIED_SINCE, last_modified);
        }
        request
    }
}

/// `Last-Modified`, if it is a strong validator: the body could have changed again within the
/// same second.
fn strong_last_modified(headers: &HeaderMap) -> Option<&HeaderValue> {
    let is_strong = http_date(headers, DATE)? > http_date(headers, LAST_MODIFIED)?;
    headers.get(LAST_MODIFIED).filter(|_| is_strong)
}

/// Not every JSON parser supports 128-bit integers.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(digest: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{digest:032x}"))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<u128, D::Error> {
        let text = String::deserialize(from)?;
        u128::from_str_radix(&text, 16).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_modified_counts_only_if_it_is_older_than_the_response() {
        let at = |second: &str| {
            format!("Sun, 06 Nov 1994 08:49:{second} GMT")
                .parse()
                .unwrap()
        };
        for (date, counts) in [(Some("37"), false), (Some("38"), true), (None, false)] {
            let mut headers = HeaderMap::new();
            headers.insert(LAST_MODIFIED, at("37"));
            if let Some(date) = date {
                headers.insert(DATE, at(date));
            }
            assert_eq!(
                !Validators::from_headers(&headers).is_empty(),
                counts,
                "{date:?}"
            );
        }
    }
}
