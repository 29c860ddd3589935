use std::io::{self, Write as _};

use axum::body::Bytes;
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

use crate::Encoding;

const BROTLI_QUALITY: i32 = 5;
/// About a tenth smaller, and some fifteen times slower.
const BEST_BROTLI_QUALITY: i32 = 11;
const ZSTD_LEVEL: i32 = 3;
const GZIP_LEVEL: u32 = 6;
/// The size that a stream's encoder is set up for; its real size is not known.
const STREAM_BYTES: usize = 1 << 20;

/// How hard to compress with brotli.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    Usual,
    Best,
}

/// Encodes `content`.
pub(crate) fn compress(content: &Bytes, encoding: Encoding, effort: Effort) -> io::Result<Bytes> {
    match encoding {
        Encoding::Identity => Ok(content.clone()),
        Encoding::Brotli => brotli(content, effort),
        Encoding::Zstd => zstd::bulk::compress(content, ZSTD_LEVEL).map(Bytes::from),
        Encoding::Gzip => gzip(content),
    }
}

/// Encodes content that comes in chunks.
pub(crate) enum StreamEncoder {
    Identity(Vec<u8>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl StreamEncoder {
    pub(crate) fn new(encoding: Encoding) -> io::Result<Self> {
        Ok(match encoding {
            Encoding::Identity => Self::Identity(Vec::new()),
            Encoding::Brotli => {
                let params = brotli_params(STREAM_BYTES, Effort::Usual);
                let writer = brotli::CompressorWriter::with_params(Vec::new(), 4096, &params);
                Self::Brotli(Box::new(writer))
            }
            Encoding::Zstd => {
                Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?)
            }
            Encoding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL))),
        })
    }

    /// Encodes a chunk and returns the output so far, which can be empty.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> io::Result<Bytes> {
        let output = match self {
            Self::Identity(output) => {
                output.write_all(chunk)?;
                output
            }
            Self::Brotli(writer) => {
                writer.write_all(chunk)?;
                writer.get_mut()
            }
            Self::Zstd(writer) => {
                writer.write_all(chunk)?;
                writer.get_mut()
            }
            Self::Gzip(writer) => {
                writer.write_all(chunk)?;
                writer.get_mut()
            }
        };
        Ok(Bytes::from(std::mem::take(output)))
    }

    /// Ends the stream and returns the rest of the output.
    pub(crate) fn finish(self) -> io::Result<Bytes> {
        Ok(Bytes::from(match self {
            Self::Identity(output) => output,
            Self::Brotli(writer) => writer.into_inner(),
            Self::Zstd(writer) => writer.finish()?,
            Self::Gzip(writer) => writer.finish()?,
        }))
    }
}

/// The encoder allocates twice its window, so the window is no larger than the content.
fn brotli_params(size_hint: usize, effort: Effort) -> BrotliEncoderParams {
    let bits = size_hint.next_power_of_two().trailing_zeros();
    BrotliEncoderParams {
        quality: match effort {
            Effort::Usual => BROTLI_QUALITY,
            Effort::Best => BEST_BROTLI_QUALITY,
        },
        lgwin: i32::try_from(bits).unwrap_or_default().clamp(17, 22),
        size_hint,
        ..BrotliEncoderParams::default()
    }
}

fn brotli(content: &[u8], effort: Effort) -> io::Result<Bytes> {
    let params = brotli_params(content.len(), effort);
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
