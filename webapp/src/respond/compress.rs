use std::io::{self, Write as _};

use axum::body::Bytes;
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

use super::Coding;

const BROTLI_QUALITY: i32 = 5;
const ZSTD_LEVEL: i32 = 3;
const GZIP_LEVEL: u32 = 6;
/// What a stream is taken to have.
const STREAM_BYTES: usize = 1 << 20;

/// `content` in a coding.
pub(super) fn compress(content: &Bytes, coding: Coding) -> io::Result<Bytes> {
    match coding {
        Coding::Identity => Ok(content.clone()),
        Coding::Brotli => brotli(content),
        Coding::Zstd => zstd::bulk::compress(content, ZSTD_LEVEL).map(Bytes::from),
        Coding::Gzip => gzip(content),
    }
}

/// A coding of content that comes piece by piece.
pub(super) enum Encoder {
    Identity(Vec<u8>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Encoder {
    pub(super) fn new(coding: Coding) -> io::Result<Self> {
        Ok(match coding {
            Coding::Identity => Self::Identity(Vec::new()),
            Coding::Brotli => {
                let params = brotli_params(STREAM_BYTES);
                let writer = brotli::CompressorWriter::with_params(Vec::new(), 4096, &params);
                Self::Brotli(Box::new(writer))
            }
            Coding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL))),
        })
    }

    /// Takes a piece in, and gives what is ready to be sent; that may be nothing yet.
    pub(super) fn push(&mut self, piece: &[u8]) -> io::Result<Bytes> {
        let ready = match self {
            Self::Identity(ready) => {
                ready.write_all(piece)?;
                ready
            }
            Self::Brotli(writer) => {
                writer.write_all(piece)?;
                writer.get_mut()
            }
            Self::Zstd(writer) => {
                writer.write_all(piece)?;
                writer.get_mut()
            }
            Self::Gzip(writer) => {
                writer.write_all(piece)?;
                writer.get_mut()
            }
        };
        Ok(Bytes::from(std::mem::take(ready)))
    }

    /// What is left at the end.
    pub(super) fn finish(self) -> io::Result<Bytes> {
        Ok(Bytes::from(match self {
            Self::Identity(ready) => ready,
            Self::Brotli(writer) => writer.into_inner(),
            Self::Zstd(writer) => writer.finish()?,
            Self::Gzip(writer) => writer.finish()?,
        }))
    }
}

/// The window is about as large as the content: twice of it is taken in memory, and filled.
fn brotli_params(size_hint: usize) -> BrotliEncoderParams {
    let bits = size_hint.next_power_of_two().trailing_zeros();
    BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: i32::try_from(bits).unwrap_or_default().clamp(17, 22),
        size_hint,
        ..BrotliEncoderParams::default()
    }
}

fn brotli(content: &[u8]) -> io::Result<Bytes> {
    let params = brotli_params(content.len());
    let mut compressed = Vec::with_capacity(content.len() / 3);
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &params)?;
    Ok(Bytes::from(compressed))
}

fn gzip(content: &[u8]) -> io::Result<Bytes> {
    let compressed = Vec::with_capacity(content.len() / 3);
    let mut encoder = GzEncoder::new(compressed, Compression::new(GZIP_LEVEL));
    encoder.write_all(content)?;
    encoder.finish().map(Bytes::from)
}
