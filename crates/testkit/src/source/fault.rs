use std::{
    convert::Infallible,
    io::{self, Write},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::{Compress, Compression, FlushCompress, write::GzEncoder};
use futures::{StreamExt, stream};
use tokio::sync::watch;

const JSON: (HeaderName, &str) = (header::CONTENT_TYPE, "application/json; charset=utf-8");
const GZIP: (HeaderName, &str) = (header::CONTENT_ENCODING, "gzip");

/// Depth of [`Fault::Nested`].
const DEPTH: usize = 200_000;
/// Decoded size of [`Fault::Bomb`].
const BOMB_MEBIBYTES: usize = 1024;
/// The pause between two bytes of a [`Fault::Trickle`].
const TRICKLE: Duration = Duration::from_millis(50);

/// A fault of the source.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status, with the correct body.
    Status(u16),
    /// This status with `Retry-After`: seconds, a date, or nonsense.
    RetryAfter {
        /// The status, mostly 429 or 503.
        status: u16,
        /// The value of the header.
        after: String,
    },
    /// 200 with this body.
    Body(String),
    /// 200 with a page in HTML.
    Html,
    /// 200 with `[]`.
    Empty,
    /// 200 with no body at all.
    Blank,
    /// The correct `Content-Length`, half of the body, and the end of the connection.
    Truncated,
    /// No response to the request.
    Stall,
    /// The correct response, once the value is true.
    Late(watch::Receiver<bool>),
    /// The correct body, a byte every 50 ms.
    Trickle,
    /// 200 with half of the correct body and its length.
    BadJson,
    /// Bytes in a string that are not UTF-8.
    BadUtf8,
    /// Labelled as gzip, but is not.
    BadGzip,
    /// 1 GiB of blanks in 1 MiB of gzip.
    Bomb,
    /// Arrays in arrays, 200,000 deep.
    Nested,
    /// 250 new records of 4 KiB on every page, without end.
    Flood,
    /// A redirect to itself.
    RedirectLoop,
    /// A redirect to this URL.
    RedirectTo(String),
    /// A reset of the connection instead of a response.
    Reset,
}

/// The reason for which a connection ends in [`Fault::Reset`].
#[derive(Debug, thiserror::Error)]
#[error("the source resets the connection")]
pub(super) struct Reset;

impl Fault {
    /// The faulty response to a request, made from the correct body.
    pub(super) async fn respond(&self, target: &str, right: String) -> Result<Response, Reset> {
        let half = right.len() / 2;
        Ok(match self {
            Self::Status(code) => (status(*code), [JSON], right).into_response(),
            Self::RetryAfter {
                status: code,
                after,
            } => (status(*code), [(header::RETRY_AFTER, after.as_str())]).into_response(),
            Self::Body(body) => ([JSON], body.clone()).into_response(),
            Self::Html => {
                axum::response::Html("<!doctype html><title>Soon</title>").into_response()
            }
            Self::Empty => ([JSON], "[]").into_response(),
            Self::Blank => [JSON].into_response(),
            Self::Truncated => {
                let length = [(header::CONTENT_LENGTH, right.len())];
                ([JSON], length, truncated(&right.as_bytes()[..half])).into_response()
            }
            Self::Stall => std::future::pending().await,
            Self::Late(opened) => {
                // Without a sender nothing is waited for.
                opened.clone().wait_for(|opened| *opened).await.ok();
                ([JSON], right).into_response()
            }
            Self::Trickle => ([JSON], trickle(right.into_bytes())).into_response(),
            Self::BadJson => ([JSON], right.as_bytes()[..half].to_vec()).into_response(),
            Self::BadUtf8 => (
                [JSON],
                b"[{\"id\": \"\xff\xfe\", \"title\": \"\xc3\x28\"}]".to_vec(),
            )
                .into_response(),
            Self::BadGzip => ([JSON, GZIP], "[not gzip at all]").into_response(),
            Self::Bomb => ([JSON, GZIP], bomb()).into_response(),
            Self::Nested => ([JSON], "[".repeat(DEPTH) + &"]".repeat(DEPTH)).into_response(),
            Self::Flood => ([JSON], page(target)).into_response(),
            Self::RedirectLoop => redirect(target),
            Self::RedirectTo(url) => redirect(url),
            Self::Reset => return Err(Reset),
        })
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("a status is from 100 to 999")
}

fn redirect(to: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

fn truncated(sent: &[u8]) -> Body {
    let sent = Bytes::copy_from_slice(sent);
    let cut = stream::once(async {
        // The bytes so far are sent while the body is pending.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    Body::from_stream(stream::iter([Ok(sent)]).chain(cut))
}

fn trickle(bytes: Vec<u8>) -> Body {
    Body::from_stream(stream::iter(bytes).then(async |byte| {
        tokio::time::sleep(TRICKLE).await;
        Ok::<_, Infallible>(Bytes::copy_from_slice(&[byte]))
    }))
}

/// A full page with ids of its own.
fn page(target: &str) -> String {
    let page = target.rsplit_once("_page=").map_or("0", |(_, page)| page);
    let text = "x".repeat(4096);
    let records: Vec<_> = (0..250)
        .map(|number| format!(r#"{{"id":"{page}-{number}","title":"A","description":"{text}"}}"#))
        .collect();
    format!("[{}]", records.join(","))
}

/// A gzip stream that repeats one independent block of a compressed mebibyte.
fn bomb() -> Body {
    let mut head = GzEncoder::new(Vec::new(), Compression::best());
    head.flush().expect("memory can be written");
    let mut block = Vec::with_capacity(1 << 16);
    Compress::new(Compression::best(), false)
        .compress_vec(&[b' '; 1 << 20], &mut block, FlushCompress::Full)
        .expect("blanks can be compressed");
    let block = Bytes::from(block);
    let head = Bytes::copy_from_slice(head.get_ref());
    let blocks = stream::repeat(block).take(BOMB_MEBIBYTES);
    Body::from_stream(stream::iter([head]).chain(blocks).map(Ok::<_, Infallible>))
}
