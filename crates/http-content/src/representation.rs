use std::{io, sync::Arc};

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY,
    },
};
use tokio::{sync::OnceCell, task::spawn_blocking};
use xxhash_rust::xxh3::xxh3_128;

use crate::{
    AcceptedEncodings, EncodeError, Encoding, RequestConditions,
    compress::{Effort, compress},
    etag::etag,
};

/// Smaller content fits into one packet anyway.
const MIN_ENCODED_BYTES: usize = 1024;
/// Larger content is compressed on a thread of its own: it takes more than a millisecond.
const MAX_INLINE_BYTES: usize = 64 * 1024;

/// Content that is whole in memory, ready to be sent in any encoding. Cheap to clone.
///
/// Each encoding is made on first use, once, and then kept; it has a strong ETag of its own. A
/// handler returns a representation, and middleware turns it into a response once the request's
/// [`RequestConditions`] are known.
#[derive(Clone, Debug)]
pub struct Representation {
    content: Arc<Content>,
    effort: Effort,
    cache_control: HeaderValue,
    fields: Vec<(HeaderName, HeaderValue)>,
    is_cacheable: bool,
    varies_by_host: bool,
}

#[derive(Debug)]
struct Content {
    media_type: HeaderValue,
    is_text: bool,
    hash: u128,
    /// In the order of [`Encoding::ALL`].
    encoded: [OnceCell<Bytes>; Encoding::ALL.len()],
}

impl Content {
    fn new(media_type: HeaderValue, content: Bytes) -> Self {
        let mut encoded: [OnceCell<Bytes>; Encoding::ALL.len()] = Default::default();
        let hash = xxh3_128(&content);
        encoded[Encoding::Identity as usize] = OnceCell::new_with(Some(content));
        Self {
            is_text: media_type.to_str().is_ok_and(is_text),
            media_type,
            hash,
            encoded,
        }
    }
}

impl Representation {
    /// Content of a media type, to be revalidated at each use.
    pub fn new(media_type: &'static str, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        Self {
            content: Arc::new(Content::new(HeaderValue::from_static(media_type), content)),
            effort: Effort::Usual,
            cache_control: HeaderValue::from_static("no-cache"),
            fields: Vec::new(),
            is_cacheable: false,
            varies_by_host: false,
        }
    }

    /// Its media type.
    pub fn media_type(&self) -> &HeaderValue {
        &self.content.media_type
    }

    /// The content, not encoded.
    pub fn content(&self) -> Bytes {
        self.plain()
    }

    /// Replaces the content with another one of the same media type.
    #[must_use]
    pub fn with_content(mut self, content: impl Into<Bytes>) -> Self {
        let media_type = self.content.media_type.clone();
        self.content = Arc::new(Content::new(media_type, content.into()));
        self
    }

    /// Compresses as well as possible, for content that is made once per process and sent often.
    #[must_use]
    pub fn compressed_best(mut self) -> Self {
        self.effort = Effort::Best;
        self
    }

    /// Sets `Cache-Control`.
    #[must_use]
    pub fn with_cache_control(mut self, cache_control: HeaderValue) -> Self {
        self.cache_control = cache_control;
        self
    }

    /// Adds a header field to every response.
    #[must_use]
    pub fn with_field(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.fields.push((name, value));
        self
    }

    /// Lets [`crate::ResponseCache`] keep the response.
    #[must_use]
    pub fn cacheable(mut self) -> Self {
        self.is_cacheable = true;
        self
    }

    /// Keeps the response out of [`crate::ResponseCache`].
    #[must_use]
    pub fn no_store(mut self) -> Self {
        self.is_cacheable = false;
        self
    }

    /// States that the content depends on the request's host.
    #[must_use]
    pub fn varying_by_host(mut self) -> Self {
        self.varies_by_host = true;
        self
    }

    pub(crate) fn is_cacheable(&self) -> bool {
        self.is_cacheable
    }

    pub(crate) fn varies_by_host(&self) -> bool {
        self.varies_by_host
    }

    pub(crate) fn hash(&self) -> u128 {
        self.content.hash
    }

    /// The response to a request with these conditions: 200, or 304 if the client has the content.
    ///
    /// # Errors
    ///
    /// If the client refuses every encoding, or compression fails.
    pub async fn respond(&self, conditions: &RequestConditions) -> Result<Response, EncodeError> {
        let encoding = self.encoding(&conditions.accepted)?;
        let mut response = Response::new(Body::empty());
        if conditions.has_content(self.hash()) {
            *response.headers_mut() = self.base_fields(encoding);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        let bytes = self.encoded(encoding).await?;
        *response.headers_mut() = self.content_fields(encoding, bytes.len());
        if !conditions.is_head {
            *response.body_mut() = Body::from(bytes);
        }
        Ok(response)
    }

    /// The encoding to send it in.
    pub(crate) fn encoding(&self, accepted: &AcceptedEncodings) -> Result<Encoding, EncodeError> {
        if !self.content.is_text {
            return Ok(Encoding::Identity);
        }
        let worth_encoding = self.len() > MIN_ENCODED_BYTES;
        let chosen = accepted.choose(worth_encoding);
        chosen.ok_or(EncodeError::NotAcceptable)
    }

    /// Header fields of a 304.
    pub(crate) fn base_fields(&self, encoding: Encoding) -> HeaderMap {
        let mut fields = HeaderMap::new();
        if let Some(etag) = etag(self.hash(), encoding) {
            fields.insert(ETAG, etag);
        }
        fields.insert(CACHE_CONTROL, self.cache_control.clone());
        if self.content.is_text {
            fields.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
        }
        fields.extend(self.fields.iter().cloned());
        fields
    }

    /// Header fields of a 200 whose body has `length` bytes.
    pub(crate) fn content_fields(&self, encoding: Encoding, length: usize) -> HeaderMap {
        let mut fields = self.base_fields(encoding);
        fields.insert(CONTENT_TYPE, self.content.media_type.clone());
        fields.insert(CONTENT_LENGTH, HeaderValue::from(length));
        if let Some(name) = encoding.name() {
            fields.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        fields
    }

    /// The content in an encoding. Concurrent first uses encode once.
    pub(crate) async fn encoded(&self, encoding: Encoding) -> Result<Bytes, EncodeError> {
        let cell = &self.content.encoded[encoding as usize];
        let bytes = cell.get_or_try_init(|| async {
            let (plain, effort) = (self.plain(), self.effort);
            let encoded = if effort == Effort::Usual && plain.len() <= MAX_INLINE_BYTES {
                compress(&plain, encoding, effort)
            } else {
                let compress = move || compress(&plain, encoding, effort);
                let compressed = spawn_blocking(compress).await;
                compressed.unwrap_or_else(|error| Err(io::Error::other(error)))
            };
            encoded.map_err(|source| EncodeError::Failed { encoding, source })
        });
        Ok(bytes.await?.clone())
    }

    fn plain(&self) -> Bytes {
        let plain = &self.content.encoded[Encoding::Identity as usize];
        plain.get().cloned().unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        let plain = &self.content.encoded[Encoding::Identity as usize];
        plain.get().map_or(0, Bytes::len)
    }
}

/// A placeholder for middleware, which makes the response once the request's conditions are known.
impl IntoResponse for Representation {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

/// Whether compression makes it smaller.
fn is_text(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.starts_with("text/")
        || ["json", "xml", "javascript"]
            .iter()
            .any(|suffix| essence.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use http::{
        Method,
        header::{IF_NONE_MATCH, VARY},
    };
    use http_body_util::BodyExt as _;

    use super::*;

    const VERSION: HeaderName = HeaderName::from_static("x-version");
    const HTML: &str = "text/html; charset=utf-8";
    const JSON: &str = "application/json";

    #[tokio::test]
    async fn every_encoding_has_a_tag_of_its_own_and_holds_the_same_content() {
        let text = "Totoro, Totoro. ".repeat(500);
        let page =
            Representation::new(HTML, text.clone()).with_field(VERSION, HeaderValue::from(7));

        let mut tags = Vec::new();
        for encoding in ["identity", "br", "zstd", "gzip"] {
            let (headers, bytes) = get(&page, &[("accept-encoding", encoding)]).await;
            let decoded = match encoding {
                "br" => read(brotli::Decompressor::new(&bytes[..], 4096)),
                "zstd" => zstd::decode_all(&bytes[..]).unwrap(),
                "gzip" => read(flate2::read::GzDecoder::new(&bytes[..])),
                _ => bytes.to_vec(),
            };
            assert_eq!(decoded, text.as_bytes(), "{encoding}");
            assert_eq!(headers[CONTENT_LENGTH], *bytes.len().to_string());
            assert_eq!(headers[VARY], "accept-encoding");
            assert_eq!(headers[VERSION], "7");
            tags.push(headers[ETAG].clone());
        }
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 4);
    }

    #[tokio::test]
    async fn the_best_compression_holds_the_same_content_in_fewer_bytes() {
        let text: String = (0..2_000).map(|n| format!("line {} ", n * n)).collect();
        let page = Representation::new(HTML, text.clone());
        let (_, usual) = get(&page, &[("accept-encoding", "br")]).await;
        let page = Representation::new(HTML, text.clone()).compressed_best();
        let (_, best) = get(&page, &[("accept-encoding", "br")]).await;
        assert!(best.len() < usual.len(), "{} {}", best.len(), usual.len());
        assert_eq!(
            read(brotli::Decompressor::new(&best[..], 4096)),
            text.as_bytes()
        );
    }

    #[tokio::test]
    async fn a_client_that_has_the_content_in_any_encoding_gets_a_304() {
        let page =
            Representation::new(JSON, "[]".repeat(1000)).with_field(VERSION, HeaderValue::from(7));
        for encoding in ["identity", "br", "zstd", "gzip"] {
            let accept = ("accept-encoding", encoding);
            let (first, _) = get(&page, &[accept]).await;
            let tag = first[ETAG].to_str().unwrap();

            let fields = [accept, (IF_NONE_MATCH.as_str(), tag)];
            let response = respond(&page, Method::GET, &fields).await;

            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{encoding}");
            for name in [ETAG, VARY, CACHE_CONTROL, VERSION] {
                assert_eq!(response.headers()[&name], first[&name], "{encoding} {name}");
            }
            assert!(!response.headers().contains_key(CONTENT_LENGTH));

            // A proxy compressed the response, or the client changed its preference.
            let other = if encoding == "br" { "gzip" } else { "br" };
            let fields = [("accept-encoding", other), (IF_NONE_MATCH.as_str(), tag)];
            let response = respond(&page, Method::GET, &fields).await;
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{encoding}");
        }
    }

    #[tokio::test]
    async fn head_has_the_header_of_get() {
        let page = Representation::new(HTML, "word ".repeat(1000));
        let (of_get, _) = get(&page, &[("accept-encoding", "br")]).await;

        let response = respond(&page, Method::HEAD, &[("accept-encoding", "br")]).await;

        assert_eq!(*response.headers(), of_get);
        assert!(
            response
                .into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn small_texts_and_pictures_are_not_encoded() {
        let small = Representation::new(HTML, "hello");
        let (headers, bytes) = get(&small, &[("accept-encoding", "br")]).await;
        assert_eq!(&bytes[..], b"hello");
        assert_eq!(headers[VARY], "accept-encoding", "a longer one would vary");

        let picture = Representation::new("image/png", vec![0; 5000]);
        let (headers, bytes) = get(&picture, &[("accept-encoding", "br, identity;q=0")]).await;
        assert_eq!(bytes.len(), 5000);
        assert!(!headers.contains_key(VARY));
    }

    #[tokio::test]
    async fn concurrent_first_uses_of_an_encoding_encode_once() {
        let page = Representation::new(HTML, "word ".repeat(1 << 16));
        let uses = (0..16).map(|_| page.encoded(Encoding::Brotli));
        let encoded = futures::future::join_all(uses).await;
        let first = encoded[0].as_ref().unwrap().as_ptr();
        for bytes in &encoded {
            assert_eq!(bytes.as_ref().unwrap().as_ptr(), first, "the same buffer");
        }
    }

    async fn get(page: &Representation, fields: &[(&str, &str)]) -> (HeaderMap, Bytes) {
        let response = respond(page, Method::GET, fields).await;
        assert_eq!(response.status(), StatusCode::OK);
        let (parts, body) = response.into_parts();
        (parts.headers, body.collect().await.unwrap().to_bytes())
    }

    async fn respond(page: &Representation, method: Method, fields: &[(&str, &str)]) -> Response {
        let headers = fields
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        page.respond(&RequestConditions::of(&method, &headers))
            .await
            .unwrap()
    }

    fn read(mut reader: impl std::io::Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    }
}
