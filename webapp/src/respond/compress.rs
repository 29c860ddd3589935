use std::io::{self, Write as _};

use axum::body::Bytes;
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

use super::Coding;

const BROTLI_QUALITY: i32 = 5;
const ZSTD_LEVEL: i32 = 3;
const GZIP_LEVEL: u32 = 6;

/// `content` in a coding.
pub(super) fn compress(content: &Bytes, coding: Coding) -> io::Result<Bytes> {
    match coding {
        Coding::Identity => Ok(content.clone()),
        Coding::Brotli => brotli(content),
        Coding::Zstd => zstd::bulk::compress(content, ZSTD_LEVEL).map(Bytes::from),
        Coding::Gzip => gzip(content),
    }
}

fn brotli(content: &[u8]) -> io::Result<Bytes> {
    let params = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
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
