//! What names an answer, so that an unchanged one is known without reading it.

use std::collections::BTreeMap;

use reqwest::RequestBuilder;
use reqwest::header::{
    DATE, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use url::Url;

use super::time::http_date;
use crate::Collection;

/// What names one whole answer of one provider: its validators and digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    /// Without user and password.
    pub(super) provider: Url,
    pub(super) collections: BTreeMap<Collection, Tag>,
}

/// What names one collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// Where it came from in the end.
    pub(super) from: Url,
    /// For what came page by page those of the whole answer, if that was too large and is still
    /// called the same after the pages; else none, as a page says nothing about the others.
    pub(super) validators: Validators,
    /// XXH3 of the body, or of the pages' digests.
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
