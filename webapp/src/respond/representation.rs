use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use askama::Template;
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
use xxhash_rust::xxh3::xxh3_128;

use super::{Accepted, Coding, Conditions, HTML, compress::compress};
use crate::error::AppError;

pub(super) const X_CATALOGUE_VERSION: HeaderName = HeaderName::from_static("x-catalogue-version");
/// What is smaller fits into one packet anyway.
const WORTH_ENCODING_BYTES: usize = 1024;

/// Content whole in memory, ready to be sent in any encoding; cheap to clone.
///
/// Each encoding is made when it is first asked for and then kept, and has a strong tag of its
/// own: a hash of the content with the encoding's name behind it. A handler returns one, and
/// the answer is finished once the request's conditions are known.
#[derive(Clone, Debug)]
pub struct Representation {
    content: Arc<Content>,
    cache_control: HeaderValue,
    version: Option<u64>,
    fleeting: bool,
    names_host: bool,
}

#[derive(Debug)]
struct Content {
    media_type: HeaderValue,
    is_text: bool,
    plain: Bytes,
    identity: Variant,
    brotli: Variant,
    zstd: Variant,
    gzip: Variant,
}

#[derive(Debug)]
struct Variant {
    etag: Option<HeaderValue>,
    bytes: OnceLock<Bytes>,
}

impl Representation {
    /// Content of a media type, to be revalidated at each use.
    pub fn new(media_type: &'static str, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        let hash = xxh3_128(&content);
        Self {
            content: Arc::new(Content {
                media_type: HeaderValue::from_static(media_type),
                is_text: is_text(media_type),
                plain: content,
                identity: Variant::new(hash, Coding::Identity),
                brotli: Variant::new(hash, Coding::Brotli),
                zstd: Variant::new(hash, Coding::Zstd),
                gzip: Variant::new(hash, Coding::Gzip),
            }),
            cache_control: HeaderValue::from_static("no-cache"),
            version: None,
            fleeting: false,
            names_host: false,
        }
    }

    /// A page's template, filled in.
    ///
    /// # Errors
    ///
    /// [`AppError::Internal`] if it cannot be rendered.
    pub fn page(template: &impl Template) -> Result<Self, AppError> {
        // It is kept, and grew while it was filled in.
        Ok(Self::new(
            HTML,
            template.render()?.into_boxed_str().into_boxed_bytes(),
        ))
    }

    /// The same content with another `Cache-Control`.
    #[must_use]
    pub fn with_cache_control(mut self, cache_control: HeaderValue) -> Self {
        self.cache_control = cache_control;
        self
    }

    /// The same content as that of a version of the catalogue.
    #[must_use]
    pub fn at_version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// The same content, which depends on more than the version and its condition.
    #[must_use]
    pub fn fleeting(mut self) -> Self {
        self.fleeting = true;
        self
    }

    /// The same content, which names the host that was asked.
    #[must_use]
    pub fn naming_host(mut self) -> Self {
        self.names_host = true;
        self
    }

    /// Whether it stays the same as long as the version and its condition.
    pub(crate) fn is_lasting(&self) -> bool {
        self.version.is_some() && !self.fleeting
    }

    /// Whether it names the host that was asked.
    pub(crate) fn names_host(&self) -> bool {
        self.names_host
    }

    /// How many bytes the content has.
    pub(crate) fn len(&self) -> usize {
        self.content.plain.len()
    }

    /// The answer to a request with these conditions: 200, or 304 if the client has it.
    ///
    /// # Errors
    ///
    /// [`AppError::NotAcceptable`] if the client refuses every encoding.
    pub fn answer(&self, conditions: &Conditions) -> Result<Response, AppError> {
        let coding = self.coding(&conditions.accepted)?;
        let etag = &self.content.variant(coding).etag;
        let known = etag.as_ref().is_some_and(|etag| conditions.knows(etag));

        let mut response = Response::new(Body::empty());
        *response.headers_mut() = self.fields(coding, known)?;
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else if !conditions.without_body {
            *response.body_mut() = Body::from(self.encoded(coding)?);
        }
        Ok(response)
    }

    /// The coding to say it in.
    ///
    /// # Errors
    ///
    /// [`AppError::NotAcceptable`] if the client refuses every encoding.
    pub(crate) fn coding(&self, accepted: &Accepted) -> Result<Coding, AppError> {
        if !self.content.is_text {
            return Ok(Coding::Identity);
        }
        let worth_encoding = self.content.plain.len() > WORTH_ENCODING_BYTES;
        let chosen = accepted.choose(worth_encoding);
        chosen.ok_or(AppError::NotAcceptable)
    }

    /// The header fields of its answers that [`Self::fields`] sets.
    pub(crate) const FIELDS: [HeaderName; 7] = [
        ETAG,
        CACHE_CONTROL,
        VARY,
        X_CATALOGUE_VERSION,
        CONTENT_TYPE,
        CONTENT_LENGTH,
        CONTENT_ENCODING,
    ];

    /// The header fields of the answer in a coding: of the whole, or of a 304.
    ///
    /// # Errors
    ///
    /// [`AppError::Internal`] if it cannot be encoded.
    pub(crate) fn fields(&self, coding: Coding, not_modified: bool) -> Result<HeaderMap, AppError> {
        let mut fields = HeaderMap::new();
        if let Some(etag) = &self.content.variant(coding).etag {
            fields.insert(ETAG, etag.clone());
        }
        fields.insert(CACHE_CONTROL, self.cache_control.clone());
        if self.content.is_text {
            fields.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
        }
        if let Some(version) = self.version {
            fields.insert(X_CATALOGUE_VERSION, HeaderValue::from(version));
        }
        if !not_modified {
            let length = self.encoded(coding)?.len();
            fields.insert(CONTENT_TYPE, self.content.media_type.clone());
            fields.insert(CONTENT_LENGTH, HeaderValue::from(length));
            if let Some(name) = coding.name() {
                fields.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
            }
        }
        Ok(fields)
    }

    /// Whether the content is there in a coding.
    #[cfg(test)]
    pub(crate) fn has(&self, coding: Coding) -> bool {
        self.content.variant(coding).bytes.get().is_some()
    }

    /// The content in a coding, made when it is first asked for.
    ///
    /// # Errors
    ///
    /// [`AppError::Internal`] if it cannot be encoded.
    pub(crate) fn encoded(&self, coding: Coding) -> Result<Bytes, AppError> {
        self.content.encoded(coding)
    }
}

/// Finished once the request's conditions are known: in the middleware.
impl IntoResponse for Representation {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

impl Content {
    fn variant(&self, coding: Coding) -> &Variant {
        match coding {
            Coding::Identity => &self.identity,
            Coding::Brotli => &self.brotli,
            Coding::Zstd => &self.zstd,
            Coding::Gzip => &self.gzip,
        }
    }

    /// Two that ask first at once may both encode; the bytes are the same.
    fn encoded(&self, coding: Coding) -> Result<Bytes, AppError> {
        let kept = &self.variant(coding).bytes;
        if let Some(bytes) = kept.get() {
            return Ok(bytes.clone());
        }
        let bytes = compress(&self.plain, coding)
            .with_context(|| format!("cannot encode an answer as {coding:?}"))
            .map_err(AppError::Internal)?;
        Ok(kept.get_or_init(|| bytes).clone())
    }
}

impl Variant {
    fn new(hash: u128, coding: Coding) -> Self {
        Self {
            etag: etag(hash, coding),
            bytes: OnceLock::new(),
        }
    }
}

/// The strong tag of a content in an encoding.
pub(super) fn etag(hash: u128, coding: Coding) -> Option<HeaderValue> {
    let etag = match coding.name() {
        Some(name) => format!("\"{hash:032x}-{name}\""),
        None => format!("\"{hash:032x}\""),
    };
    HeaderValue::try_from(etag).ok()
}

/// Whether encoding makes it smaller.
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
    use crate::respond::JSON;

    #[tokio::test]
    async fn every_encoding_has_a_tag_of_its_own_and_holds_the_same_content() {
        let text = "Totoro, Totoro. ".repeat(500);
        let page = Representation::new(HTML, text.clone()).at_version(7);

        let mut tags = Vec::new();
        for coding in ["identity", "br", "zstd", "gzip"] {
            let (headers, bytes) = get(&page, &[("accept-encoding", coding)]).await;
            let decoded = match coding {
                "br" => read(brotli::Decompressor::new(&bytes[..], 4096)),
                "zstd" => zstd::decode_all(&bytes[..]).unwrap(),
                "gzip" => read(flate2::read::GzDecoder::new(&bytes[..])),
                _ => bytes.to_vec(),
            };
            assert_eq!(decoded, text.as_bytes(), "{coding}");
            assert_eq!(headers[CONTENT_LENGTH], *bytes.len().to_string());
            assert_eq!(headers[VARY], "accept-encoding");
            assert_eq!(headers[X_CATALOGUE_VERSION], "7");
            tags.push(headers[ETAG].clone());
        }
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 4);
    }

    #[tokio::test]
    async fn a_client_that_has_the_bytes_is_told_so_in_each_encoding() {
        let page = Representation::new(JSON, "[]".repeat(1000)).at_version(7);
        for coding in ["identity", "br", "zstd", "gzip"] {
            let accept = ("accept-encoding", coding);
            let (first, _) = get(&page, &[accept]).await;
            let tag = first[ETAG].to_str().unwrap();

            let response = answer(&page, Method::GET, &[accept, (IF_NONE_MATCH.as_str(), tag)]);

            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{coding}");
            for name in [ETAG, VARY, CACHE_CONTROL, X_CATALOGUE_VERSION] {
                assert_eq!(response.headers()[&name], first[&name], "{coding} {name}");
            }
            assert!(!response.headers().contains_key(CONTENT_LENGTH));

            let other = if coding == "br" { "gzip" } else { "br" };
            let response = answer(
                &page,
                Method::GET,
                &[("accept-encoding", other), (IF_NONE_MATCH.as_str(), tag)],
            );
            assert_eq!(
                response.status(),
                StatusCode::OK,
                "a tag of another encoding"
            );
        }
    }

    #[tokio::test]
    async fn head_says_what_get_would() {
        let page = Representation::new(HTML, "word ".repeat(1000));
        let (of_get, _) = get(&page, &[("accept-encoding", "br")]).await;

        let response = answer(&page, Method::HEAD, &[("accept-encoding", "br")]);

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
    async fn small_texts_and_pictures_are_sent_as_they_are() {
        let small = Representation::new(HTML, "hello");
        let (headers, bytes) = get(&small, &[("accept-encoding", "br")]).await;
        assert_eq!(&bytes[..], b"hello");
        assert_eq!(headers[VARY], "accept-encoding", "a longer one would vary");

        let picture = Representation::new("image/png", vec![0; 5000]);
        let (headers, bytes) = get(&picture, &[("accept-encoding", "br, identity;q=0")]).await;
        assert_eq!(bytes.len(), 5000);
        assert!(!headers.contains_key(VARY));
    }

    async fn get(page: &Representation, fields: &[(&str, &str)]) -> (HeaderMap, Bytes) {
        let response = answer(page, Method::GET, fields);
        assert_eq!(response.status(), StatusCode::OK);
        let (parts, body) = response.into_parts();
        (parts.headers, body.collect().await.unwrap().to_bytes())
    }

    fn answer(page: &Representation, method: Method, fields: &[(&str, &str)]) -> Response {
        let headers = fields
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        page.answer(&Conditions::of(&method, &headers)).unwrap()
    }

    fn read(mut reader: impl std::io::Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    }
}
