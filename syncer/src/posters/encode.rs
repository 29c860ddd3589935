//! The pictures made of a poster: JPEG in a few widths, without metadata.

use std::io::Cursor;

use common::repository::Picture;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use jpeg_encoder::{ColorType, Encoder, EncodingError, SamplingFactor};

/// Widths in pixels, with the quality of each. A poster is never enlarged.
const WIDTHS: [(u32, u8); 3] = [(192, 70), (400, 74), (640, 76)];
/// Limits of a poster, known before it is decoded.
const MAX_SIDE: u32 = 8_192;
const MAX_PIXELS: u64 = 20_000_000;
/// Memory of a decoder, in bytes.
const MAX_ALLOCATION: u64 = 128 << 20;

const START_OF_SCAN: [u8; 2] = [0xff, 0xda];
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

/// Why no pictures can be made of a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum PictureError {
    #[error("is neither JPEG, PNG nor WebP")]
    Format,
    #[error("has too many pixels ({0} × {1})")]
    TooLarge(u32, u32),
    #[error("is truncated")]
    Truncated,
    #[error("cannot be decoded: {0}")]
    Undecodable(#[from] ImageError),
    #[error("cannot be encoded: {0}")]
    Unencodable(#[from] EncodingError),
}

/// Decodes a poster, and returns its pictures and their contents. Takes about 50 ms.
pub(super) fn pictures(data: &[u8]) -> Result<Vec<(Picture, Vec<u8>)>, PictureError> {
    let image = decode(data)?;
    let mut pictures: Vec<(Picture, Vec<u8>)> = Vec::new();
    for (width, quality) in WIDTHS {
        let width = width.min(image.width());
        if pictures.iter().any(|(picture, _)| picture.width == width) {
            continue;
        }
        let height = image.height() * width / image.width();
        let (height, max) = (height.clamp(1, MAX_SIDE), u16::MAX);
        let resized = image.resize_exact(width, height, FilterType::Lanczos3);
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, quality);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.set_progressive(true);
        encoder.set_optimized_huffman_tables(true);
        encoder.encode(
            resized.to_rgb8().as_raw(),
            u16::try_from(width).unwrap_or(max),
            u16::try_from(height).unwrap_or(max),
            ColorType::Rgb,
        )?;
        pictures.push((Picture::new(&jpeg, width, height), jpeg));
    }
    Ok(pictures)
}

fn decode(data: &[u8]) -> Result<DynamicImage, PictureError> {
    let reader = ImageReader::new(Cursor::new(data)).with_guessed_format();
    let mut reader = reader.map_err(ImageError::IoError)?;
    match reader.format() {
        Some(ImageFormat::Jpeg) if is_truncated(data) => return Err(PictureError::Truncated),
        Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) => {}
        _ => return Err(PictureError::Format),
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_ALLOCATION);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(PictureError::TooLarge(width, height));
    }
    let orientation = decoder.orientation();
    let mut image = DynamicImage::from_decoder(decoder)?;
    // The orientation is in the metadata, which is not kept.
    image.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    Ok(image)
}

/// Whether a JPEG lacks its end, which the decoder replaces by grey. The marker of the end cannot
/// be part of a scan.
fn is_truncated(jpeg: &[u8]) -> bool {
    let last = |marker: [u8; 2]| jpeg.windows(2).rposition(|bytes| bytes == marker);
    last(END_OF_IMAGE) <= last(START_OF_SCAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::pictures::{self as files, Format};

    fn decoded(jpeg: &[u8]) -> DynamicImage {
        image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).unwrap()
    }

    #[test]
    fn a_poster_of_each_format_becomes_small_pictures_of_the_same_shape() {
        for format in [Format::Jpeg, Format::Png, Format::WebP] {
            let poster = files::photo(1, 600, 900, format);
            let made = pictures(&poster).unwrap();
            let sizes: Vec<_> = made
                .iter()
                .map(|(one, _)| (one.width, one.height))
                .collect();
            assert_eq!(sizes, [(192, 288), (400, 600), (600, 900)], "{format:?}");
            for (picture, jpeg) in made {
                let image = decoded(&jpeg);
                assert_eq!(
                    (image.width(), image.height()),
                    (picture.width, picture.height)
                );
                assert_eq!(picture.bytes, jpeg.len() as u64);
                let limit = u64::from(picture.width * picture.height) / 5;
                assert!(picture.bytes < limit, "{format:?} {picture:?}");
            }
        }
    }

    #[test]
    fn a_small_poster_is_not_enlarged() {
        let made = pictures(&files::photo(2, 100, 150, Format::Png)).unwrap();
        assert_eq!(made.len(), 1);
        assert_eq!((made[0].0.width, made[0].0.height), (100, 150));
    }

    #[test]
    fn a_picture_shows_what_the_poster_shows() {
        let poster = files::photo(3, 600, 900, Format::Png);
        let before = image::load_from_memory(&poster)
            .unwrap()
            .thumbnail_exact(8, 12);
        for (picture, jpeg) in pictures(&poster).unwrap() {
            let after = decoded(&jpeg).thumbnail_exact(8, 12);
            let pairs = before
                .to_rgb8()
                .into_raw()
                .into_iter()
                .zip(after.to_rgb8().into_raw());
            let farthest = pairs.map(|(one, other)| one.abs_diff(other)).max();
            assert!(farthest < Some(40), "{picture:?}: {farthest:?}");
        }
    }

    #[test]
    fn metadata_is_not_kept() {
        let mut poster = files::photo(4, 300, 450, Format::Jpeg);
        let secret = b"Exif\0\0taken at 52.5 N 13.4 E";
        let mut segment = vec![0xff, 0xe1];
        segment.extend(u16::try_from(secret.len() + 2).unwrap().to_be_bytes());
        segment.extend(secret);
        poster.splice(2..2, segment);
        for (_, jpeg) in pictures(&poster).unwrap() {
            assert!(!jpeg.windows(5).any(|bytes| bytes == b"taken"));
        }
    }

    #[test]
    fn an_incomplete_or_invalid_picture_is_refused_with_a_reason() {
        let jpeg = files::photo(5, 600, 900, Format::Jpeg);
        let png = files::photo(5, 600, 900, Format::Png);
        let webp = files::photo(5, 600, 900, Format::WebP);
        for (data, reason) in [
            (&jpeg[..jpeg.len() / 2], "is truncated"),
            (&jpeg[..jpeg.len() - 2], "is truncated"),
            (&png[..png.len() / 2], "cannot be decoded"),
            (&webp[..webp.len() / 2], "cannot be decoded"),
            (
                &files::decompression_bomb(),
                "has too many pixels (60000 × 60000)",
            ),
            (files::SVG.as_bytes(), "is neither JPEG, PNG nor WebP"),
            (b"<!doctype html><title>Sorry</title>", "is neither"),
            (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "is neither"),
            (b"", "is neither"),
        ] {
            let error = pictures(data).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{reason}: {error}");
        }
    }

    #[test]
    fn no_byte_that_changes_makes_the_decoder_panic() {
        let files = [Format::Jpeg, Format::Png, Format::WebP];
        for file in files.map(|format| files::photo(6, 24, 36, format)) {
            for place in (0..file.len()).step_by(7) {
                let mut changed = file.clone();
                changed[place] ^= 0x55;
                drop(pictures(&changed));
            }
        }
    }
}
