use std::fmt::{self, Display, Write as _};

/// A drawing as it grows. Attributes say all: a style sheet inside would need leave to be used.
pub(super) struct Canvas {
    size: (u32, u32),
    text: String,
}

/// A point, rounded when it is written: whole numbers are short, and nobody sees the rest.
#[derive(Clone, Copy)]
pub(super) struct Point(pub(super) f64, pub(super) f64);

impl Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", whole(self.0), whole(self.1))
    }
}

impl Point {
    /// The point half way to another.
    fn half_way(self, other: Self) -> Self {
        Self(
            f64::midpoint(self.0, other.0),
            f64::midpoint(self.1, other.1),
        )
    }
}

impl Canvas {
    /// An empty drawing with a name for those who do not see it.
    pub(super) fn new(size: (u32, u32), title: &str, description: &str) -> Self {
        let (width, height) = size;
        let mut canvas = Self {
            size,
            text: String::with_capacity(3072),
        };
        canvas.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\"><title>{}</title><desc>{}</desc>",
            Escaped(title),
            Escaped(description)
        ));
        canvas
    }

    pub(super) fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }

    pub(super) fn rect(&mut self, at: Point, (width, height): (f64, f64), fill: impl Display) {
        let (width, height) = (whole(width), whole(height));
        self.put(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>",
            whole(at.0),
            whole(at.1)
        ));
    }

    pub(super) fn circle(&mut self, at: Point, radius: f64, fill: impl Display) {
        let (x, y, radius) = (whole(at.0), whole(at.1), tenths(radius));
        self.put(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"/>"
        ));
    }

    /// Dots of one size.
    pub(super) fn dots(&mut self, at: &[Point], radius: f64, fill: impl Display) {
        let mut way = String::new();
        for point in at {
            let _ = write!(way, "M{point}h0");
        }
        self.line(&way, fill, radius * 2.0);
    }

    pub(super) fn ellipse(&mut self, at: Point, (rx, ry): (f64, f64), fill: impl Display) {
        let (x, y) = (whole(at.0), whole(at.1));
        let (rx, ry) = (tenths(rx), tenths(ry));
        self.put(format_args!(
            "<ellipse cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\" fill=\"{fill}\"/>"
        ));
    }

    pub(super) fn path(&mut self, way: &str, fill: impl Display) {
        self.put(format_args!("<path d=\"{way}\" fill=\"{fill}\"/>"));
    }

    pub(super) fn line(&mut self, way: &str, stroke: impl Display, width: f64) {
        let width = tenths(width);
        self.put(format_args!(
            "<path d=\"{way}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\" \
             stroke-linecap=\"round\"/>"
        ));
    }

    /// A ground that goes from one colour above to another below.
    pub(super) fn fade(&mut self, above: impl Display, below: impl Display) {
        let (width, height) = self.size;
        self.put(format_args!(
            "<linearGradient id=\"g\" x2=\"0\" y2=\"1\"><stop stop-color=\"{above}\"/>\
             <stop offset=\"1\" stop-color=\"{below}\"/></linearGradient>\
             <path d=\"M0 0H{width}V{height}H0z\" fill=\"url(#g)\"/>"
        ));
    }

    /// What `draw` draws, seen through.
    pub(super) fn veiled(&mut self, opacity: f64, draw: impl FnOnce(&mut Self)) {
        self.put(format_args!("<g opacity=\"{}\">", tenths(opacity)));
        draw(self);
        self.text.push_str("</g>");
    }

    /// What `draw` draws, so many times around a point.
    pub(super) fn around(&mut self, at: Point, times: usize, draw: impl FnOnce(&mut Self)) {
        let id = self.text.len();
        self.put(format_args!("<g id=\"u{id}\">"));
        draw(self);
        self.text.push_str("</g>");
        for turn in 1..times {
            let degrees = tenths(360.0 * count(turn) / count(times));
            self.put(format_args!(
                "<use href=\"#u{id}\" transform=\"rotate({degrees} {at})\"/>"
            ));
        }
    }

    fn put(&mut self, arguments: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.text.write_fmt(arguments);
    }
}

/// A soft line through some points.
pub(super) fn soft(points: &[Point]) -> String {
    let mut way = String::new();
    let Some((first, rest)) = points.split_first() else {
        return way;
    };
    let _ = write!(way, "M{first}");
    for pair in rest.windows(2) {
        let _ = write!(way, "Q{} {}", pair[0], pair[0].half_way(pair[1]));
    }
    if let Some(last) = rest.last() {
        let _ = write!(way, "L{last}");
    }
    way
}

/// A soft line around some points, closed.
pub(super) fn round(points: &[Point]) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return String::new();
    };
    let mut way = format!("M{}", last.half_way(*first));
    for (place, point) in points.iter().enumerate() {
        let next = points.get(place + 1).unwrap_or(first);
        let _ = write!(way, "Q{point} {}", point.half_way(*next));
    }
    way.push('z');
    way
}

/// Straight lines from point to point.
pub(super) fn straight(points: &[Point]) -> String {
    let mut way = String::new();
    for (place, point) in points.iter().enumerate() {
        let _ = write!(way, "{}{point}", if place == 0 { 'M' } else { 'L' });
    }
    way
}

/// A small number as one to calculate with.
pub(super) fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

fn whole(number: f64) -> f64 {
    // Adding zero turns -0 into 0.
    number.round() + 0.0
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0 + 0.0
}

/// Text as XML holds it: without the characters that no XML may hold.
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
