use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use axum::{extract::Request, response::Response};
use http::{
    HeaderMap, HeaderName,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG},
};
use quick_cache::{Equivalent, Weighter, sync::Cache};

use crate::{
    EncodeError, Encoding, Representation,
    cached_response::{CacheKey, CachedResponse, ENTRY_BYTES},
};

/// Bytes of all cached responses together.
const MAX_CACHED_BYTES: u64 = 64 * 1024 * 1024;
/// A first guess at the number of responses.
const EXPECTED_RESPONSES: usize = 512;
/// A longer path and query is hardly requested twice.
const MAX_TARGET_BYTES: usize = 512;

/// Complete responses by host and target (path and query), each in the encodings in which it was
/// requested.
#[derive(Debug)]
pub struct ResponseCache(Cache<CacheKey, Entry, EntryWeighter>);

#[derive(Clone, Debug)]
enum Entry {
    Response {
        response: Arc<CachedResponse>,
        /// Bytes at the time of insertion; the response can have more encodings by now.
        bytes: u64,
    },
    /// The response depends on the host and is kept once per host.
    VariesByHost,
}

struct BorrowedKey<'a> {
    host: &'a [u8],
    target: &'a str,
}

/// A cached response that a client has requested again.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestedResponse {
    /// The host, if the response depends on it.
    pub host: Option<Box<[u8]>>,
    /// Path and query.
    pub target: Box<str>,
    /// The encoding that was sent.
    pub encoding: Encoding,
}

impl Default for ResponseCache {
    fn default() -> Self {
        Self::with_limit(MAX_CACHED_BYTES)
    }
}

impl ResponseCache {
    fn with_limit(max_bytes: u64) -> Self {
        Self(Cache::with_weighter(
            EXPECTED_RESPONSES,
            max_bytes,
            EntryWeighter,
        ))
    }

    /// The part of a request's target that is cached; `None` if it is too long for that.
    pub fn target(request: &Request) -> Option<&str> {
        let target = request.uri().path_and_query()?.as_str();
        (target.len() <= MAX_TARGET_BYTES).then_some(target)
    }

    /// The response for a target at a host; `None` for the host of a request without one.
    pub fn get(&self, host: Option<&[u8]>, target: &str) -> Option<Arc<CachedResponse>> {
        let any_host = BorrowedKey { host: b"", target };
        match self.0.get(&any_host)? {
            Entry::Response { response, .. } => Some(response),
            Entry::VariesByHost => match self.0.get(&BorrowedKey {
                host: host?,
                target,
            })? {
                Entry::Response { response, .. } => Some(response),
                Entry::VariesByHost => None,
            },
        }
    }

    /// Keeps a response if its [`Representation`], which middleware left in the extensions, is
    /// cacheable. One that depends on the host is not kept for a request without one.
    ///
    /// `per_request` names the fields that differ in every response; they are not kept. `tag` is
    /// for the caller: [`CachedResponse::tag`].
    pub fn insert(
        &self,
        host: Option<&[u8]>,
        target: &str,
        response: &mut Response,
        per_request: &[HeaderName],
        tag: u16,
    ) {
        let Some(representation) = response.extensions_mut().remove::<Representation>() else {
            return;
        };
        if !representation.is_cacheable() {
            return;
        }
        let mut key = CacheKey {
            host: Box::default(),
            target: target.into(),
        };
        if representation.varies_by_host() {
            let Some(host) = host else { return };
            self.0.insert(key.clone(), Entry::VariesByHost);
            key.host = host.into();
        }
        let mut fields = response.headers().clone();
        for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, ETAG] {
            fields.remove(name);
        }
        for name in per_request {
            fields.remove(name);
        }
        let response = CachedResponse::new(key, tag, representation, fields);
        self.insert_response(Arc::new(response));
    }

    fn insert_response(&self, response: Arc<CachedResponse>) {
        let bytes = response.bytes();
        self.0
            .insert(response.key.clone(), Entry::Response { response, bytes });
    }

    /// Makes a cached response in the encoding that the request prefers, if it is not there yet.
    ///
    /// # Errors
    ///
    /// If the client refuses every encoding, or compression fails.
    pub async fn encode(
        &self,
        response: &Arc<CachedResponse>,
        request_headers: &HeaderMap,
    ) -> Result<(), EncodeError> {
        if response.encode(request_headers).await? {
            // Inserted again, because its size has grown.
            self.insert_response(Arc::clone(response));
        }
        Ok(())
    }

    /// The cached responses that clients have requested again, once per encoding.
    pub fn requested(&self) -> Vec<RequestedResponse> {
        let entries = self.0.iter();
        let requested = entries.flat_map(|(key, entry)| match entry {
            Entry::Response { response, .. } => {
                let encodings = Encoding::ALL.into_iter();
                let encodings = encodings.filter(|encoding| response.has(*encoding));
                let requested = encodings.map(|encoding| RequestedResponse {
                    host: (!key.host.is_empty()).then(|| key.host.clone()),
                    target: key.target.clone(),
                    encoding,
                });
                requested.collect()
            }
            Entry::VariesByHost => Vec::new(),
        });
        requested.collect()
    }

    /// Bytes of all entries.
    pub fn bytes(&self) -> u64 {
        self.0.weight()
    }
}

impl Hash for BorrowedKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.host.hash(state);
        self.target.hash(state);
    }
}

impl Equivalent<CacheKey> for BorrowedKey<'_> {
    fn equivalent(&self, key: &CacheKey) -> bool {
        *self.host == *key.host && *self.target == *key.target
    }
}

#[derive(Clone, Debug)]
struct EntryWeighter;

impl Weighter<CacheKey, Entry> for EntryWeighter {
    fn weight(&self, key: &CacheKey, entry: &Entry) -> u64 {
        match entry {
            Entry::Response { bytes, .. } => *bytes,
            Entry::VariesByHost => (key.bytes() + ENTRY_BYTES) as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{
        Method,
        header::{ACCEPT_ENCODING, CACHE_CONTROL},
    };

    use super::*;
    use crate::RequestConditions;

    #[tokio::test]
    async fn keys_fields_and_content_count_and_the_sum_stays_below_the_limit() {
        let long = |length: usize| "x".repeat(length);
        for (host, target, field, content) in [
            (long(250), String::new(), String::new(), String::new()),
            (String::new(), long(500), String::new(), String::new()),
            (String::new(), String::new(), long(8_000), String::new()),
            (String::new(), String::new(), String::new(), long(20_000)),
        ] {
            let cache = ResponseCache::with_limit(4 << 20);
            let mut all = 0;
            for count in 0..20_000 {
                let host = format!("{host}{count}");
                let target = format!("/{target}");
                let page = page(&format!("{content}{count}"))
                    .varying_by_host()
                    .with_field(CACHE_CONTROL, field.parse().unwrap());
                insert(&cache, Some(host.as_bytes()), &target, &page).await;
                all += host.len() + target.len() + field.len() + content.len();
                assert!(cache.bytes() <= 4 << 20);
                assert!(
                    cache.bytes() >= (all as u64).min(1 << 20),
                    "{}",
                    cache.bytes()
                );
                if all > 8 << 20 {
                    break;
                }
            }
        }
    }

    #[tokio::test]
    async fn a_new_encoding_is_counted() {
        let cache = ResponseCache::default();
        let page = page(&"word ".repeat(10_000));
        insert(&cache, None, "/", &page).await;
        let mut before = cache.bytes();
        for encoding in ["identity", "gzip", "br", "zstd"] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, encoding.parse().unwrap())]);
            let response = cache.get(None, "/").unwrap();
            assert!(response.respond(&Method::GET, &headers).is_none());
            cache.encode(&response, &headers).await.unwrap();
            assert!(response.respond(&Method::GET, &headers).is_some());
            assert!(cache.bytes() > before, "{encoding}");
            before = cache.bytes();
        }
    }

    #[tokio::test]
    async fn a_response_that_depends_on_the_host_is_kept_for_that_host_alone() {
        let cache = ResponseCache::default();
        let page = page("links").varying_by_host();
        insert(&cache, None, "/", &page).await;
        assert!(cache.get(None, "/").is_none(), "no host, nothing to keep");
        assert!(cache.get(Some(b"a"), "/").is_none());

        insert(&cache, Some(b"a"), "/", &page).await;
        assert_eq!(cache.get(Some(b"a"), "/").unwrap().tag(), 7);
        assert!(cache.get(Some(b"b"), "/").is_none());
        assert!(cache.get(None, "/").is_none());
    }

    fn page(text: &str) -> Representation {
        Representation::new("text/html", text.to_owned()).cacheable()
    }

    async fn insert(
        cache: &ResponseCache,
        host: Option<&[u8]>,
        target: &str,
        page: &Representation,
    ) {
        let conditions = RequestConditions::of(&Method::GET, &HeaderMap::new());
        let mut response = page.respond(&conditions).await.unwrap();
        response.extensions_mut().insert(page.clone());
        cache.insert(host, target, &mut response, &[], 7);
    }
}
