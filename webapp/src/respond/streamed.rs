use std::io;

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use futures::stream;
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY},
};

use super::representation::{X_CATALOGUE_VERSION, etag};
use super::{Conditions, compress::Encoder};
use crate::error::AppError;

/// Text that is too long to be whole in memory: its pieces are made while they are sent.
#[derive(Debug)]
pub struct Streamed<I> {
    /// Its media type.
    pub media_type: &'static str,
    /// A hash of all that decides its bytes.
    pub hash: u128,
    /// The catalogue's version.
    pub version: u64,
    /// Its pieces in their order; an error breaks the answer off, so that nobody takes it for
    /// whole.
    pub pieces: I,
}

impl<I> Streamed<I>
where
    I: Iterator<Item = io::Result<String>> + Send + 'static,
{
    /// The answer to a request with these conditions: 200, or 304 if the client has it.
    ///
    /// # Errors
    /// [`AppError::NotAcceptable`] if the client refuses every encoding.
    pub fn answer(self, conditions: &Conditions) -> Result<Response, AppError> {
        let coding = conditions.accepted.choose(true);
        let coding = coding.ok_or(AppError::NotAcceptable)?;
        let etag = etag(self.hash, coding);
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
        headers.insert(X_CATALOGUE_VERSION, HeaderValue::from(self.version));
        if let Some(etag) = etag {
            let is_known = conditions.knows(&etag);
            headers.insert(ETAG, etag);
            if is_known {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                return Ok(response);
            }
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if let Some(name) = coding.name() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        if !conditions.without_body {
            let encoder = Encoder::new(coding).map_err(|error| AppError::Internal(error.into()))?;
            *response.body_mut() = Body::from_stream(stream::iter(encoded(self.pieces, encoder)));
        }
        Ok(response)
    }
}

fn encoded(
    mut pieces: impl Iterator<Item = io::Result<String>>,
    encoder: Encoder,
) -> impl Iterator<Item = io::Result<Bytes>> {
    let mut encoder = Some(encoder);
    std::iter::from_fn(move || {
        loop {
            let ready = match pieces.next() {
                Some(Ok(piece)) => encoder.as_mut()?.push(piece.as_bytes()),
                Some(Err(error)) => {
                    encoder = None;
                    Err(error)
                }
                None => encoder.take()?.finish(),
            };
            match ready {
                Ok(ready) if ready.is_empty() && encoder.is_some() => {}
                ready => return Some(ready),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use http::{HeaderMap, Method};
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::respond::JSON;

    fn streamed(end: io::Result<String>) -> Streamed<impl Iterator<Item = io::Result<String>>> {
        let pieces = (0..2000).map(|number| Ok(format!("[{number}] ")));
        Streamed {
            media_type: JSON,
            hash: 7,
            version: 3,
            pieces: pieces.chain([end]),
        }
    }

    fn conditions(fields: &[(&str, &str)]) -> Conditions {
        let headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        Conditions::of(&Method::GET, &headers)
    }

    #[tokio::test]
    async fn every_encoding_brings_the_same_text_under_a_tag_of_its_own() {
        let expected: String = (0..2000).map(|number| format!("[{number}] ")).collect();
        let mut tags = Vec::new();
        for coding in ["identity", "br", "zstd", "gzip"] {
            let accept = conditions(&[("accept-encoding", coding)]);
            let response = streamed(Ok(String::new())).answer(&accept).unwrap();
            tags.push(response.headers()[ETAG].clone());
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let mut text = String::new();
            match coding {
                "br" => brotli::Decompressor::new(&bytes[..], 4096).read_to_string(&mut text),
                "zstd" => zstd::Decoder::new(&bytes[..])
                    .unwrap()
                    .read_to_string(&mut text),
                "gzip" => flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text),
                _ => (&bytes[..]).read_to_string(&mut text),
            }
            .unwrap();
            assert_eq!(text, expected, "{coding}");

            let tag = tags.last().unwrap().to_str().unwrap();
            let known = conditions(&[("accept-encoding", coding), ("if-none-match", tag)]);
            let response = streamed(Ok(String::new())).answer(&known).unwrap();
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        }
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 4);
    }

    #[tokio::test]
    async fn a_piece_that_cannot_be_made_breaks_the_answer_off() {
        let broken = streamed(Err(io::Error::other("broken")));
        let response = broken.answer(&conditions(&[])).unwrap();
        assert!(response.into_body().collect().await.is_err());
    }
}
