use std::{io, sync::LazyLock, thread};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use futures::{SinkExt as _, channel::mpsc};
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY},
};
use tokio::sync::Semaphore;

use crate::{EncodeError, Encoding, RequestConditions, compress::StreamEncoder, etag::etag};

/// Chunks that are made before the client has read the ones before.
const CHUNKS_AHEAD: usize = 1;

/// Permits to make a chunk: streams together take at most half of the cores.
static CHUNK_PERMITS: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Semaphore::new((cores / 2).max(1))
});

/// Text that is too long to be whole in memory: its chunks are made while it is sent.
#[derive(Debug)]
pub struct StreamedText<I> {
    /// Its media type.
    pub media_type: &'static str,
    /// A hash of everything that determines its bytes.
    pub hash: u128,
    /// Its chunks in order. An error breaks the response off, so that no client takes it for
    /// complete.
    pub chunks: I,
}

impl<I> StreamedText<I>
where
    I: Iterator<Item = io::Result<String>> + Send + 'static,
{
    /// The response to a request with these conditions: 200, or 304 if the client has the content.
    ///
    /// Chunks are made and encoded by a task on the current runtime, never by the connection.
    ///
    /// # Errors
    ///
    /// If the client refuses every encoding, or the encoder cannot be made.
    pub fn respond(self, conditions: &RequestConditions) -> Result<Response, EncodeError> {
        let encoding = conditions.accepted.choose(true);
        let encoding = encoding.ok_or(EncodeError::NotAcceptable)?;
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
        if let Some(etag) = etag(self.hash, encoding) {
            headers.insert(ETAG, etag);
        }
        if conditions.has_content(self.hash) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if let Some(name) = encoding.name() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        if !conditions.is_head {
            *response.body_mut() = body(self.chunks, encoding)?;
        }
        Ok(response)
    }
}

/// A body that a task of its own makes, until the client leaves.
fn body(
    chunks: impl Iterator<Item = io::Result<String>> + Send + 'static,
    encoding: Encoding,
) -> Result<Body, EncodeError> {
    let encoder = StreamEncoder::new(encoding);
    let encoder = encoder.map_err(|source| EncodeError::Failed { encoding, source })?;
    let (mut sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
    tokio::spawn(async move {
        let mut encoded = encoded(chunks, encoder);
        loop {
            let permit = CHUNK_PERMITS.acquire().await;
            let Some(chunk) = encoded.next() else { return };
            drop(permit);
            let is_empty = chunk.as_ref().is_ok_and(Bytes::is_empty);
            if !is_empty && sender.send(chunk).await.is_err() {
                return;
            }
        }
    });
    Ok(Body::from_stream(receiver))
}

/// Encodes chunks one by one; the output of one can be empty.
fn encoded(
    mut chunks: impl Iterator<Item = io::Result<String>>,
    encoder: StreamEncoder,
) -> impl Iterator<Item = io::Result<Bytes>> {
    let mut encoder = Some(encoder);
    std::iter::from_fn(move || {
        let encoded = match chunks.next() {
            Some(Ok(chunk)) => encoder.as_mut()?.push(chunk.as_bytes()),
            Some(Err(error)) => {
                encoder = None;
                Err(error)
            }
            None => encoder.take()?.finish(),
        };
        Some(encoded)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use http::{HeaderMap, Method};
    use http_body_util::BodyExt as _;

    use super::*;

    const JSON: &str = "application/json";

    fn streamed(end: io::Result<String>) -> StreamedText<impl Iterator<Item = io::Result<String>>> {
        let chunks = (0..2000).map(|number| Ok(format!("[{number}] ")));
        StreamedText {
            media_type: JSON,
            hash: 7,
            chunks: chunks.chain([end]),
        }
    }

    fn conditions(fields: &[(&str, &str)]) -> RequestConditions {
        let headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        RequestConditions::of(&Method::GET, &headers)
    }

    #[tokio::test]
    async fn every_encoding_has_the_same_text_and_a_tag_of_its_own() {
        let expected: String = (0..2000).map(|number| format!("[{number}] ")).collect();
        let mut tags = Vec::new();
        for encoding in ["identity", "br", "zstd", "gzip"] {
            let accept = conditions(&[("accept-encoding", encoding)]);
            let response = streamed(Ok(String::new())).respond(&accept).unwrap();
            tags.push(response.headers()[ETAG].clone());
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let mut text = String::new();
            match encoding {
                "br" => brotli::Decompressor::new(&bytes[..], 4096).read_to_string(&mut text),
                "zstd" => zstd::Decoder::new(&bytes[..])
                    .unwrap()
                    .read_to_string(&mut text),
                "gzip" => flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text),
                _ => (&bytes[..]).read_to_string(&mut text),
            }
            .unwrap();
            assert_eq!(text, expected, "{encoding}");

            let tag = tags.last().unwrap().to_str().unwrap();
            let known = conditions(&[("accept-encoding", encoding), ("if-none-match", tag)]);
            let response = streamed(Ok(String::new())).respond(&known).unwrap();
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        }
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 4);
    }

    #[tokio::test]
    async fn a_failed_chunk_breaks_the_response_off() {
        let broken = streamed(Err(io::Error::other("broken")));
        let response = broken.respond(&conditions(&[])).unwrap();
        assert!(response.into_body().collect().await.is_err());
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_holds_the_chunks_back() {
        let (made, chunks) = std::sync::mpsc::channel();
        let endless = std::iter::repeat_with(move || {
            made.send(()).unwrap();
            Ok("chunk".repeat(1000))
        });
        let streamed = StreamedText {
            media_type: JSON,
            hash: 7,
            chunks: endless.take(1000),
        };
        let response = streamed.respond(&conditions(&[])).unwrap();
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        let made = chunks.try_iter().count();
        assert!((1..10).contains(&made), "{made} chunks for nobody");
        drop(response);
        while !matches!(
            chunks.try_recv(),
            Err(std::sync::mpsc::TryRecvError::Disconnected)
        ) {
            tokio::task::yield_now().await;
        }
    }
}
