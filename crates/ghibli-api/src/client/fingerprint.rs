//! What names an answer, so that an unchanged one is known without reading it.

use std::collections::BTreeMap;

use reqwest::RequestBuilder;
use reqwest::header::{
    DATE, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::headers::http_date;
use crate::Collection;

/// What names one whole answer of one provider: its validators and digests. Only the digests are
/// serialized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tags {
    /// Without user and password.
    pub(super) provider: Url,
    pub(super) collections: BTreeMap<Collection, Tag>,
}

impl Tags {
    /// Without what the source calls its answers, so that it must send them.
    #[must_use]
    pub fn without_validators(&self) -> Self {
        let mut tags = self.clone();
        for tag in tags.collections.values_mut() {
            tag.validators = Validators::default();
        }
        tags
    }
}

/// What names one collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tag {
    /// Where it came from in the end.
    pub(super) from: Url,
    /// For what came page by page those of the whole answer, if that was too large and is still
    /// called the same after the pages; else none, as a page says nothing about the others.
    #[serde(skip)]
    pub(super) validators: Validators,
    /// XXH3 of the body, or of the pages' digests.
    #[serde(with = "hex")]
    pub(super) digest: u128,
    pub(super) elements: usize,
}

/// What a source calls a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Validators {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Validators {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self {
            etag: headers.get(ETAG).cloned(),
            last_modified: settled(headers).cloned(),
        }
    }

    pub(super) fn are_none(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// Makes a question conditional on these.
    pub(super) fn apply(&self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(etag) = &self.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(last_modified) = &self.last_modified {
            request = request.header(IF_MODIFIED_SINCE, last_modified);
        }
        request
    }
}

/// `Last-Modified`, unless the body could have changed once more within that very second.
fn settled(headers: &HeaderMap) -> Option<&HeaderValue> {
    let is_settled = http_date(headers, DATE)? > http_date(headers, LAST_MODIFIED)?;
    headers.get(LAST_MODIFIED).filter(|_| is_settled)
}

/// Not all that read JSON have integers of 128 bits.
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
    fn a_last_modified_counts_only_once_its_second_is_over() {
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
            assert_eq!(!Validators::of(&headers).are_none(), counts, "{date:?}");
        }
    }
}
