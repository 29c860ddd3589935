use std::fmt::{self, Display, Write as _};
use std::io;

use crate::color::{Color, Paint, Tone, Tones};
use crate::raster::Raster;

/// Draws shapes as SVG or as pixels. The SVG uses attributes only: an embedded style sheet would
/// need an exception in a content security policy. A path consists of `M`, `L`, `H`, `V`, `C`, `Q`,
/// `T` after them, and `Z`, absolute or relative.
pub(crate) struct Canvas {
    /// Width and height of the frame in drawing units.
    pub(crate) size: (f64, f64),
    output: Output,
}

enum Output {
    Svg(String),
    Pixels(Raster),
}

/// A shape of a sketch: filled, or a line if it has a width.
pub(crate) struct Layer {
    tone: Tone,
    width: f64,
    path: &'static str,
}

/// A drawing in tones, whose colours depend on where it is used.
pub(crate) type Sketch = &'static [Layer];

/// A filled shape of a sketch.
pub(crate) const fn fill(tone: Tone, path: &'static str) -> Layer {
    let width = 0.0;
    Layer { tone, width, path }
}

/// A line of a sketch.
pub(crate) const fn line(tone: Tone, width: f64, path: &'static str) -> Layer {
    Layer { tone, width, path }
}

/// A point, or the distance to one. It is written rounded to whole numbers, which are short and
/// precise enough.
#[derive(Clone, Copy)]
pub(crate) struct Point(pub(crate) f64, pub(crate) f64);

impl Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(x, y) = self.rounded();
        // A sign separates numbers as well as a space.
        let space = if y < 0.0 { "" } else { " " };
        write!(f, "{x}{space}{y}")
    }
}

impl Point {
    pub(crate) fn rounded(self) -> Self {
        Self(rounded(self.0), rounded(self.1))
    }

    /// The distance from another point.
    pub(crate) fn from(self, other: Self) -> Self {
        Self(self.0 - other.0, self.1 - other.1)
    }

    /// The point halfway to another.
    fn midpoint(self, other: Self) -> Self {
        Self(
            f64::midpoint(self.0, other.0),
            f64::midpoint(self.1, other.1),
        )
    }
}

impl Canvas {
    /// An empty SVG with a title, which names it if it is opened alone.
    pub(crate) fn svg((width, height): (u32, u32), title: &str) -> Self {
        let mut text = String::with_capacity(4096);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" fill=\"none\" stroke-linecap=\"round\" \
             stroke-linejoin=\"round\"><title>{}</title>",
            Escaped(title)
        );
        Self {
            size: (width.into(), height.into()),
            output: Output::Svg(text),
        }
    }

    /// An empty picture of pixels, `scale` for each drawing unit. Texts are left out.
    pub(crate) fn pixels((width, height): (u32, u32), scale: u8) -> io::Result<Self> {
        let raster = Raster::new((width, height), f32::from(scale))?;
        let scale = f64::from(scale);
        Ok(Self {
            size: (f64::from(width) / scale, f64::from(height) / scale),
            output: Output::Pixels(raster),
        })
    }

    /// The SVG document; empty for pixels.
    pub(crate) fn into_svg(self) -> String {
        match self.output {
            Output::Svg(text) => text + "</svg>",
            Output::Pixels(_) => String::new(),
        }
    }

    /// The picture as PNG.
    pub(crate) fn into_png(self) -> io::Result<Vec<u8>> {
        match self.output {
            Output::Svg(_) => Err(io::Error::other("an SVG has no pixels")),
            Output::Pixels(raster) => raster.into_png(),
        }
    }

    /// Copies pixels into this picture, `left` pixels from the left edge.
    pub(crate) fn paste(&mut self, other: &Self, left: i32) {
        if let (Output::Pixels(raster), Output::Pixels(other)) = (&mut self.output, &other.output) {
            raster.paste(other, left);
        }
    }

    pub(crate) fn rect(&mut self, at: Point, (width, height): (f64, f64), paint: impl Into<Paint>) {
        let (width, height) = (rounded(width), rounded(height));
        self.path(&format!("M{at}h{width}v{height}h-{width}z"), paint);
    }

    pub(crate) fn circle(&mut self, at: Point, radius: f64, paint: impl Into<Paint>) {
        self.dots(&[at], radius, paint);
    }

    /// Dots of one size: lines without length, with round ends.
    pub(crate) fn dots(&mut self, at: &[Point], radius: f64, paint: impl Into<Paint>) {
        let mut path = String::new();
        let mut last = None;
        for point in at.iter().map(|point| point.rounded()) {
            let _ = match last {
                None => write!(path, "M{point}h0"),
                Some(last) => write!(path, "m{}h0", point.from(last)),
            };
            last = Some(point);
        }
        self.line(&path, paint, radius * 2.0);
    }

    pub(crate) fn ellipse(&mut self, at: Point, (rx, ry): (f64, f64), paint: impl Into<Paint>) {
        let paint = paint.into();
        let (rx, ry) = (rounded_to_tenths(rx), rounded_to_tenths(ry));
        match &mut self.output {
            Output::Svg(text) => {
                let (x, y) = (rounded(at.0), rounded(at.1));
                let _ = write!(
                    text,
                    "<ellipse cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\" fill=\"{paint}\"/>"
                );
            }
            Output::Pixels(raster) => raster.ellipse((at.0, at.1), (rx, ry), paint),
        }
    }

    pub(crate) fn path(&mut self, path: &str, paint: impl Into<Paint>) {
        let paint = paint.into();
        match &mut self.output {
            Output::Svg(text) => {
                let _ = write!(text, "<path d=\"{path}\" fill=\"{paint}\"/>");
            }
            Output::Pixels(raster) => raster.fill(path, paint),
        }
    }

    pub(crate) fn line(&mut self, path: &str, paint: impl Into<Paint>, width: f64) {
        let (paint, width) = (paint.into(), rounded_to_tenths(width));
        match &mut self.output {
            Output::Svg(text) => {
                let _ = write!(
                    text,
                    "<path d=\"{path}\" stroke=\"{paint}\" stroke-width=\"{width}\"/>"
                );
            }
            Output::Pixels(raster) => raster.stroke(path, paint, width),
        }
    }

    /// A background with a vertical gradient.
    pub(crate) fn gradient_background(&mut self, top: Color, bottom: Color) {
        let (width, height) = self.size;
        match &mut self.output {
            Output::Svg(text) => {
                let _ = write!(
                    text,
                    "<linearGradient id=\"g\" x2=\"0\" y2=\"1\"><stop stop-color=\"{top}\"/>\
                     <stop offset=\"1\" stop-color=\"{bottom}\"/></linearGradient>\
                     <rect width=\"{width}\" height=\"{height}\" fill=\"url(#g)\"/>"
                );
            }
            Output::Pixels(raster) => raster.gradient(top, bottom),
        }
    }

    /// Draws a sketch with its origin at a point.
    pub(crate) fn sketch(&mut self, sketch: Sketch, at: Point, scale: f64, tones: &Tones) {
        self.placed(at, scale, 0.0, |canvas| {
            for layer in sketch {
                let color = tones.color(layer.tone);
                if layer.width > 0.0 {
                    canvas.line(layer.path, color, layer.width);
                } else {
                    canvas.path(layer.path, color);
                }
            }
        });
    }

    /// Draws with the origin at a point, scaled and rotated.
    pub(crate) fn placed(
        &mut self,
        at: Point,
        scale: f64,
        degrees: f64,
        draw: impl FnOnce(&mut Self),
    ) {
        let outer = match &mut self.output {
            Output::Svg(text) => {
                let Point(x, y) = at.rounded();
                let _ = write!(text, "<g transform=\"translate({x} {y})");
                if degrees != 0.0 {
                    let _ = write!(text, "rotate({})", rounded_to_tenths(degrees));
                }
                let _ = write!(text, "scale({})\">", (scale * 100.0).round() / 100.0);
                None
            }
            Output::Pixels(raster) => Some(raster.enter((at.0, at.1), scale, degrees)),
        };
        draw(self);
        match (&mut self.output, outer) {
            (Output::Pixels(raster), Some(outer)) => raster.leave(outer),
            (Output::Svg(text), _) => text.push_str("</g>"),
            (Output::Pixels(_), None) => {}
        }
    }

    /// A line of text from the top down: scripts that are written so stand upright, others lie on
    /// their side. Left out of a picture of pixels, which has no fonts.
    pub(crate) fn vertical_text(
        &mut self,
        text: &str,
        at: Point,
        size: f64,
        (color, is_japanese): (Color, bool),
    ) {
        let Output::Svg(svg) = &mut self.output else {
            return;
        };
        let lang = if is_japanese { " xml:lang=\"ja\"" } else { "" };
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{color}\"{lang} font-weight=\"600\" \
             writing-mode=\"vertical-rl\" font-family=\"{FONTS}\">{}</text>",
            rounded(at.0),
            rounded(at.1),
            rounded_to_tenths(size),
            Escaped(text)
        );
    }

    /// A short text around a point. Left out of a picture of pixels.
    pub(crate) fn centered_text(&mut self, text: &str, at: Point, size: f64, color: Color) {
        if let Output::Svg(svg) = &mut self.output {
            let _ = write!(
                svg,
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{color}\" \
                 text-anchor=\"middle\" font-family=\"{FONTS}\">{}</text>",
                rounded(at.0),
                // Capital letters are about 0.7 of the size high.
                rounded(at.1 + 0.35 * size),
                rounded_to_tenths(size),
                Escaped(text)
            );
        }
    }

    /// Whether texts are left out.
    pub(crate) fn is_textless(&self) -> bool {
        matches!(self.output, Output::Pixels(_))
    }
}

/// Serif fonts with ideographs.
const FONTS: &str = "Hiragino Mincho ProN,Yu Mincho,Noto Serif CJK JP,serif";

/// A smooth path through points.
pub(crate) fn smooth_path(points: &[Point]) -> String {
    let mut path = String::new();
    let Some((first, rest)) = points.split_first() else {
        return path;
    };
    let _ = write!(path, "M{first}");
    write_curves(&mut path, *first, rest);
    if let Some(last) = rest.last() {
        let _ = write!(path, "L{last}");
    }
    path
}

/// A smooth closed path around points.
pub(crate) fn smooth_closed_path(points: &[Point]) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return String::new();
    };
    let start = last.midpoint(*first);
    let mut path = format!("M{start}");
    write_curves(&mut path, start, &[points, &[*first]].concat());
    path.push('z');
    path
}

/// Continues a path in curves: each is bent towards a control and ends halfway to the next one.
fn write_curves(path: &mut String, from: Point, controls: &[Point]) {
    let Some((first, rest)) = controls.split_first() else {
        return;
    };
    let (mut at, mut control) = (from.rounded(), first.rounded());
    for (place, next) in rest.iter().enumerate() {
        let end = control.midpoint(*next).rounded();
        let _ = match place {
            0 => write!(path, "q{} {}", control.from(at), end.from(at)),
            _ => write!(path, "t{}", end.from(at)),
        };
        // `t` mirrors the control.
        (at, control) = (end, Point(2.0 * end.0 - control.0, 2.0 * end.1 - control.1));
    }
}

/// Straight lines through points.
pub(crate) fn polyline(points: &[Point]) -> String {
    let mut path = String::new();
    let Some((first, rest)) = points.split_first() else {
        return path;
    };
    let _ = write!(path, "M{first}");
    let mut at = first.rounded();
    for point in rest.iter().map(|point| point.rounded()) {
        let _ = write!(path, "l{}", point.from(at));
        at = point;
    }
    path
}

/// A small count as a float.
pub(crate) fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

fn rounded(number: f64) -> f64 {
    // Adding zero turns -0 into 0.
    number.round() + 0.0
}

fn rounded_to_tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0 + 0.0
}

/// Text escaped for XML. Characters that XML does not allow become spaces.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => f.write_char(' ')?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}
