use std::fmt::{self, Display, Write as _};

/// Writes an SVG. It uses attributes only: an embedded style sheet would need an exception in a
/// content security policy.
pub(crate) struct Canvas {
    size: (u32, u32),
    text: String,
}

/// A point. It is written rounded to whole numbers, which are short and precise enough.
#[derive(Clone, Copy)]
pub(crate) struct Point(pub(crate) f64, pub(crate) f64);

impl Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", rounded(self.0), rounded(self.1))
    }
}

impl Point {
    /// The point halfway to another.
    fn midpoint(self, other: Self) -> Self {
        Self(
            f64::midpoint(self.0, other.0),
            f64::midpoint(self.1, other.1),
        )
    }
}

impl Canvas {
    /// An empty drawing with a title and a description for screen readers.
    pub(crate) fn new(size: (u32, u32), title: &str, description: &str) -> Self {
        let (width, height) = size;
        let mut canvas = Self {
            size,
            text: String::with_capacity(3072),
        };
        canvas.write(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\"><title>{}</title><desc>{}</desc>",
            Escaped(title),
            Escaped(description)
        ));
        canvas
    }

    pub(crate) fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }

    pub(crate) fn rect(&mut self, at: Point, (width, height): (f64, f64), fill: impl Display) {
        let (width, height) = (rounded(width), rounded(height));
        self.write(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>",
            rounded(at.0),
            rounded(at.1)
        ));
    }

    pub(crate) fn circle(&mut self, at: Point, radius: f64, fill: impl Display) {
        let (x, y, radius) = (rounded(at.0), rounded(at.1), rounded_to_tenths(radius));
        self.write(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"/>"
        ));
    }

    /// Dots of one size.
    pub(crate) fn dots(&mut self, at: &[Point], radius: f64, fill: impl Display) {
        let mut path = String::new();
        for point in at {
            let _ = write!(path, "M{point}h0");
        }
        self.line(&path, fill, radius * 2.0);
    }

    pub(crate) fn ellipse(&mut self, at: Point, (rx, ry): (f64, f64), fill: impl Display) {
        let (x, y) = (rounded(at.0), rounded(at.1));
        let (rx, ry) = (rounded_to_tenths(rx), rounded_to_tenths(ry));
        self.write(format_args!(
            "<ellipse cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\" fill=\"{fill}\"/>"
        ));
    }

    pub(crate) fn path(&mut self, path: &str, fill: impl Display) {
        self.write(format_args!("<path d=\"{path}\" fill=\"{fill}\"/>"));
    }

    pub(crate) fn line(&mut self, path: &str, stroke: impl Display, width: f64) {
        let width = rounded_to_tenths(width);
        self.write(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\" \
             stroke-linecap=\"round\"/>"
        ));
    }

    /// A background with a vertical gradient.
    pub(crate) fn gradient_background(&mut self, top: impl Display, bottom: impl Display) {
        let (width, height) = self.size;
        self.write(format_args!(
            "<linearGradient id=\"g\" x2=\"0\" y2=\"1\"><stop stop-color=\"{top}\"/>\
             <stop offset=\"1\" stop-color=\"{bottom}\"/></linearGradient>\
             <path d=\"M0 0H{width}V{height}H0z\" fill=\"url(#g)\"/>"
        ));
    }

    /// A translucent group of what `draw` draws.
    pub(crate) fn with_opacity(&mut self, opacity: f64, draw: impl FnOnce(&mut Self)) {
        self.write(format_args!(
            "<g opacity=\"{}\">",
            rounded_to_tenths(opacity)
        ));
        draw(self);
        self.text.push_str("</g>");
    }

    /// What `draw` draws, repeated in a circle around a point.
    pub(crate) fn repeat_around(&mut self, at: Point, times: usize, draw: impl FnOnce(&mut Self)) {
        let id = self.text.len();
        self.write(format_args!("<g id=\"u{id}\">"));
        draw(self);
        self.text.push_str("</g>");
        for turn in 1..times {
            let degrees = rounded_to_tenths(360.0 * count(turn) / count(times));
            self.write(format_args!(
                "<use href=\"#u{id}\" transform=\"rotate({degrees} {at})\"/>"
            ));
        }
    }

    fn write(&mut self, arguments: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.text.write_fmt(arguments);
    }
}

/// A smooth path through points.
pub(crate) fn smooth_path(points: &[Point]) -> String {
    let mut path = String::new();
    let Some((first, rest)) = points.split_first() else {
        return path;
    };
    let _ = write!(path, "M{first}");
    for pair in rest.windows(2) {
        let _ = write!(path, "Q{} {}", pair[0], pair[0].midpoint(pair[1]));
    }
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
    let mut path = format!("M{}", last.midpoint(*first));
    for (place, point) in points.iter().enumerate() {
        let next = points.get(place + 1).unwrap_or(first);
        let _ = write!(path, "Q{point} {}", point.midpoint(*next));
    }
    path.push('z');
    path
}

/// Straight lines through points.
pub(crate) fn polyline(points: &[Point]) -> String {
    let mut path = String::new();
    for (place, point) in points.iter().enumerate() {
        let _ = write!(path, "{}{point}", if place == 0 { 'M' } else { 'L' });
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
