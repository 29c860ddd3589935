//! Pictures for tests: photo-like ones in several formats, and invalid picture files.

use std::io::Cursor;

use flate2::Crc;
use image::{ImageFormat, Rgb, RgbImage};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// A drawing with a script, which a browser would run.
pub const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"600\" height=\"900\">\
                       <script>alert(1)</script></svg>";

/// Cells of the coarsest layer of noise across a picture.
const CELLS: f32 = 3.0;
/// Layers of noise, each twice as fine and half as strong.
const LAYERS: u32 = 6;

/// The format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG, of high quality.
    Jpeg,
    /// PNG.
    Png,
    /// Lossless WebP.
    WebP,
}

/// A picture with the soft shapes, gradients and grain of a photo; another one for each seed.
pub fn photo(seed: u64, width: u32, height: u32, format: Format) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(seed);
    let layers: Vec<Layer> = (0..LAYERS)
        .map(|layer| Layer::new(&mut rng, layer))
        .collect();
    let mut image = RgbImage::new(width, height);
    let side = f32::from(u16::try_from(width.max(height)).unwrap_or(u16::MAX));
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        let place = [x, y].map(|at| f32::from(u16::try_from(at).unwrap_or(u16::MAX)) / side);
        let grain: f32 = rng.random_range(-3.0..3.0);
        *pixel = Rgb([0, 1, 2].map(|channel| {
            let noise: f32 = layers.iter().map(|layer| layer.at(place, channel)).sum();
            to_byte(128.0 + 90.0 * noise + grain)
        }));
    }
    let mut file = Cursor::new(Vec::new());
    let format = match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
    };
    image
        .write_to(&mut file, format)
        .expect("memory can be written");
    file.into_inner()
}

/// A PNG of few bytes that declares 60,000 × 60,000 pixels.
pub fn decompression_bomb() -> Vec<u8> {
    let mut png = photo(0, 8, 8, Format::Png);
    // The first chunk begins after the signature: its length, its type, width and height.
    let (start, end) = (12, 29);
    for place in [16, 20] {
        png[place..place + 4].copy_from_slice(&60_000_u32.to_be_bytes());
    }
    let mut sum = Crc::new();
    sum.update(&png[start..end]);
    png[end..end + 4].copy_from_slice(&sum.sum().to_be_bytes());
    png
}

/// Smooth noise: random values at the corners of a grid, and transitions between them.
struct Layer {
    cells: f32,
    strength: f32,
    size: usize,
    values: Vec<[f32; 3]>,
}

impl Layer {
    fn new(rng: &mut StdRng, layer: u32) -> Self {
        let factor = f32::from(1_u16 << layer);
        let cells = CELLS * factor;
        let size = to_index(cells) + 2;
        let values = (0..size * size).map(|_| {
            let common: f32 = rng.random_range(-1.0..1.0);
            [0; 3].map(|_| 0.7 * common + 0.3 * rng.random_range(-1.0..1.0))
        });
        Self {
            cells,
            strength: 0.6 / factor,
            size,
            values: values.collect(),
        }
    }

    fn at(&self, place: [f32; 2], channel: usize) -> f32 {
        let [x, y] = place.map(|at| at * self.cells);
        let (column, row) = (to_index(x), to_index(y));
        let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
        let (right, down) = (smooth(x.fract()), smooth(y.fract()));
        let value = |row: usize, column: usize| self.values[row * self.size + column][channel];
        let mix = |one: f32, other: f32, share: f32| one + (other - one) * share;
        let upper = mix(value(row, column), value(row, column + 1), right);
        let lower = mix(value(row + 1, column), value(row + 1, column + 1), right);
        self.strength * mix(upper, lower, down)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates"
)]
fn to_index(value: f32) -> usize {
    value as usize
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates"
)]
fn to_byte(value: f32) -> u8 {
    value as u8
}
