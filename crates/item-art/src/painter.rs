//! The parts of a ground: clouds, ridges, water, roofs, trees.

use crate::canvas::{Canvas, Point, count, polyline, smooth_path};
use crate::color::{Color, Palette};
use crate::seeded_rng::SeededRng;

const WATER: Color = Color(0x2f_7a94);

/// Draws on a canvas in the colours of a scene.
pub(crate) struct Painter<'a> {
    pub(crate) canvas: &'a mut Canvas,
    pub(crate) rng: &'a mut SeededRng,
    pub(crate) palette: &'a Palette,
}

impl Painter<'_> {
    /// A mix of the distant land with the foreground: 0 is distant.
    pub(crate) fn land(&self, part: f64) -> Color {
        self.palette
            .far_land
            .mixed_with(self.palette.near_land, part)
    }

    pub(crate) fn size(&self) -> (f64, f64) {
        self.canvas.size
    }

    /// The sky, with stars by night.
    pub(crate) fn sky(&mut self) {
        let palette = self.palette;
        self.canvas
            .gradient_background(palette.sky_top, palette.horizon);
        if !self.palette.is_night() {
            return;
        }
        let (width, height) = self.size();
        for radius in [0.8, 1.4] {
            let stars: Vec<_> = (0..6)
                .map(|_| {
                    let y = self.rng.between(4.0, 0.5 * height);
                    Point(self.rng.between(4.0, width), y)
                })
                .collect();
            self.canvas.dots(&stars, radius, self.palette.light);
        }
    }

    /// The sun or the moon.
    pub(crate) fn disc(&mut self, x: f64, y: f64, part: f64) {
        let (width, height) = self.size();
        let at = Point(x * width, y * height);
        let light = self.palette.light;
        self.canvas
            .circle(at, part * height * 1.35, light.with_opacity(0.22));
        self.canvas.circle(at, part * height, light);
    }

    pub(crate) fn cloud(&mut self, at: Point, size: f64, opacity: f64) {
        let paint = self.palette.light.with_opacity(opacity);
        self.canvas.placed(at, size, 0.0, |canvas| {
            canvas.path(
                "M-70 0c-4-22 20-34 34-24 2-28 40-34 50-10 12-14 36-4 32 14 18-4 30 8 24 20z",
                paint,
            );
        });
    }

    /// A bank of clouds below a line; the greater `shade`, the more of the sky's colour.
    pub(crate) fn bank(&mut self, top: f64, shade: f64) {
        let (width, height) = self.size();
        let color = self.palette.light.mixed_with(self.palette.sky_top, shade);
        let top = top * height;
        let mut x = 0.0;
        let mut at = Point(x, top).rounded();
        let mut path = format!("M0 {height}V{}", at.1);
        while x < width {
            let long = self.rng.between(26.0, 62.0);
            let high = top - long * self.rng.between(0.5, 0.85) - at.1;
            x += long;
            let to = Point(x, top + self.rng.between(-5.0, 5.0)).rounded();
            let across = to.from(at);
            path += &format!("c{} {} {across}", Point(0.0, high), Point(across.0, high));
            at = to;
        }
        self.canvas
            .path(&(path + &format!("V{height}Z")), color.with_opacity(0.92));
    }

    /// Points across the whole width, at most `step` apart.
    pub(crate) fn across(&mut self, step: f64, top: f64, rough: f64) -> Vec<Point> {
        let width = self.size().0;
        let mut points = Vec::new();
        let mut x = -10.0;
        while x < width + step {
            points.push(Point(x, top + self.rng.between(-rough, rough * 0.6)));
            x += step;
        }
        points
    }

    pub(crate) fn ridge(&mut self, top: f64, rough: f64, part: f64) {
        let height = self.size().1;
        let points = self.across(60.0, top * height, rough);
        self.fill_below(smooth_path(&points), self.land(part));
    }

    pub(crate) fn peaks(&mut self, top: f64, part: f64) {
        let height = self.size().1;
        let points = self.across(30.0, top * height - 14.0, 44.0);
        self.fill_below(polyline(&points), self.land(part));
    }

    pub(crate) fn fill_below(&mut self, line: String, color: Color) {
        let height = self.size().1;
        self.canvas
            .path(&(line + &format!("V{height}H-10Z")), color);
    }

    pub(crate) fn water(&mut self, top: f64) {
        let (width, height) = self.size();
        let top = top * height;
        let color = self.palette.sky_top.mixed_with(self.land(0.5), 0.55);
        let color = color.mixed_with(WATER, 0.3);
        self.canvas
            .rect(Point(0.0, top), (width, height - top), color);
        let mut path = String::new();
        for _ in 0..6 {
            let y = self.rng.between(top + 5.0, height - 8.0);
            let at = Point(self.rng.between(-10.0, width), y);
            path += &format!("M{at}h{:.0}", self.rng.between(12.0, 46.0));
        }
        self.canvas
            .line(&path, self.palette.light.with_opacity(0.55), 1.6);
    }

    /// Waves in the foreground.
    pub(crate) fn swell(&mut self, top: f64) {
        let (width, height) = self.size();
        let mut path = format!("M0 {:.0}", top * height);
        let mut x = 0.0;
        while x < width {
            path += "c8-10 16-10 22 0";
            x += 22.0;
        }
        let color = self.land(0.85);
        self.canvas
            .path(&(path.clone() + &format!("V{height}H0Z")), color);
        self.canvas
            .line(&path, self.palette.light.with_opacity(0.7), 1.8);
    }

    pub(crate) fn islands(&mut self) {
        let (width, height) = self.size();
        let y = 0.665 * height;
        let at = self.rng.between(0.55, 0.75) * width;
        let path = format!("M{}c14-30 34-34 46-18c10-12 26-6 40 18z", Point(at, y));
        self.canvas.path(&path, self.land(0.2));
        let far = self.rng.between(0.02, 0.2) * width;
        let path = format!("M{}c16-14 40-16 62 0z", Point(far, y));
        self.canvas.path(&path, self.land(0.1));
    }

    /// Water from top to bottom, with beams of light and bubbles.
    pub(crate) fn depths(&mut self) {
        let (width, height) = self.size();
        let (top, deep) = (self.palette.horizon, self.palette.sky_top);
        self.canvas.gradient_background(
            top.mixed_with(deep, 0.35),
            deep.mixed_with(self.palette.near_land, 0.7),
        );
        for part in [0.1, 0.4, 0.7] {
            let x = part * width;
            let path = format!("M{x:.0} {:.0}h34l-60 {height}h-70z", 0.13 * height);
            self.canvas
                .path(&path, self.palette.light.with_opacity(0.1));
        }
        for radius in [2.0, 4.0, 6.5] {
            let bubbles: Vec<_> = (0..4)
                .map(|_| {
                    let y = self.rng.between(0.22 * height, 0.85 * height);
                    Point(self.rng.between(8.0, width - 8.0), y)
                })
                .collect();
            self.canvas
                .dots(&bubbles, radius, self.palette.light.with_opacity(0.4));
        }
        let mut surface = format!("M0 {:.0}", 0.13 * height);
        let mut x = 0.0;
        while x < width {
            surface += "c10 12 20 12 30 0";
            x += 30.0;
        }
        self.canvas
            .path(&(surface.clone() + "V0H0Z"), self.palette.light);
        self.canvas
            .line(&surface, self.palette.light.with_opacity(0.6), 6.0);
    }

    /// Weeds on the bottom of the sea.
    pub(crate) fn weeds(&mut self) {
        let (width, height) = self.size();
        self.ridge(0.93, 8.0, 0.9);
        let mut path = String::new();
        let mut x = self.rng.between(6.0, 20.0);
        while x < width {
            let high = self.rng.between(24.0, 62.0).round();
            let half = (high / 2.0).round();
            path += &format!("M{}c-12-{half} 12-{half} 0-{high}", Point(x, height - 8.0));
            x += self.rng.between(14.0, 46.0);
        }
        self.canvas.line(&path, self.land(0.95).darker(0.2), 5.0);
    }

    /// Roofs, some with a lit window.
    pub(crate) fn roofs(&mut self, top: f64, part: f64) {
        let (width, height) = self.size();
        let mut path = format!("M-6 {height}");
        let mut windows = Vec::new();
        let mut x = -6.0;
        while x < width {
            let (wide, high) = (
                self.rng.between(10.0, 19.0).round() * 2.0,
                self.rng.between(4.0, 44.0),
            );
            let eaves = top * height + 14.0 - high;
            let (half, peak) = (wide / 2.0, if self.rng.chance(75) { 11.0 } else { 0.0 });
            path += &format!("V{eaves:.0}l{half}-{peak} {half} {peak}");
            if self.rng.chance(50) {
                windows.push(Point(x + wide / 2.0, eaves + 8.0));
            }
            x += wide;
        }
        self.canvas
            .path(&format!("{path}V{height}Z"), self.land(part));
        self.canvas
            .dots(&windows, 2.2, self.palette.light.with_opacity(0.9));
    }

    pub(crate) fn furrows(&mut self, top: f64) {
        let (width, height) = self.size();
        let top = top * height;
        self.canvas
            .rect(Point(0.0, top), (width, height - top), self.land(0.6));
        let far = Point(0.4 * width, top - 14.0);
        let mut path = String::new();
        let mut x = -0.9 * width;
        while x < 1.9 * width {
            path += &format!(
                "M{}L{}",
                Point(far.0 + (x - far.0) * 0.16, top + 1.0),
                Point(x, height)
            );
            x += 64.0;
        }
        self.canvas
            .line(&path, self.palette.light.with_opacity(0.4), 2.2);
    }

    /// Grass.
    pub(crate) fn blades(&mut self, top: f64, part: f64) {
        let (width, height) = self.size();
        let top = top * height;
        let mut tufts = String::new();
        let mut wide = 0.0;
        while wide < width / 3.0 {
            let (left, right) = (
                self.rng.between(1.0, 9.0).round(),
                self.rng.between(1.0, 9.0).round(),
            );
            let high = self.rng.between(8.0, 28.0).round();
            tufts += &format!("l{left}-{high} {right} {high}");
            wide += left + right;
        }
        // Repeated text takes hardly any space in a compressed drawing.
        let path = format!("M0 {height}V{top:.0}{}", tufts.repeat(3));
        let color = self.land(part).darker(if part < 1.0 { 0.0 } else { 0.2 });
        self.canvas.path(&format!("{path}V{height}Z"), color);
    }

    pub(crate) fn trunks(&mut self, part: f64, wide: f64, bottom: f64) {
        let (width, height) = self.size();
        let mut path = String::new();
        let mut x = self.rng.between(0.0, 16.0);
        while x < width {
            let lean = Point(self.rng.between(-5.0, 5.0), bottom * height + 10.0);
            path += &format!("M{}l{lean}", Point(x, -10.0));
            x += self.rng.between(wide * 2.2, wide * 5.5);
        }
        self.canvas.line(&path, self.land(part), wide);
    }

    /// Leaves along the upper edge.
    pub(crate) fn canopy(&mut self) {
        let width = self.size().0;
        for (part, depth, radius) in [(0.55, 16.0, 24.0), (0.85, 2.0, 20.0)] {
            let mut crowns = Vec::new();
            let mut x = -8.0;
            while x < width + 20.0 {
                crowns.push(Point(x, depth + self.rng.between(-8.0, 8.0)));
                x += radius * 1.2;
            }
            self.canvas.dots(&crowns, radius, self.land(part));
        }
    }

    pub(crate) fn stalks(&mut self) {
        let (width, height) = self.size();
        for (part, wide, gap) in [(0.08, 7.0, 26.0), (0.28, 10.0, 48.0)] {
            let (mut stalks, mut knots) = (String::new(), String::new());
            let mut x = self.rng.between(4.0, 14.0);
            while x < width {
                stalks += &format!("M{x:.0} 0V{height}");
                let mut y = self.rng.between(10.0, 60.0);
                while y < height {
                    knots += &format!("M{}h{wide}", Point(x - wide / 2.0, y));
                    y += 90.0;
                }
                x += self.rng.between(0.8, 1.3) * gap;
            }
            self.canvas.line(&stalks, self.land(part), wide);
            self.canvas.line(&knots, self.land(part + 0.2), 1.6);
        }
    }

    /// A branch with blossoms.
    pub(crate) fn branch(&mut self) {
        let (width, height) = self.size();
        let path = format!(
            "M-6 {:.0}C{} {} {}",
            0.3 * height,
            Point(0.2 * width, 0.22 * height),
            Point(0.34 * width, 0.24 * height),
            Point(0.56 * width, 0.09 * height)
        );
        self.canvas.line(&path, self.land(0.8), 4.0);
        let blossoms: Vec<_> = (0..11)
            .map(|place| {
                let part = count(place) / 11.0;
                Point(
                    part * 0.58 * width + self.rng.between(-10.0, 10.0),
                    (0.28 - 0.18 * part) * height + self.rng.between(-14.0, 14.0),
                )
            })
            .collect();
        let accent = self.palette.accent;
        self.canvas.dots(&blossoms, 7.0, accent.lighter(0.45));
        self.canvas.dots(&blossoms, 2.2, accent);
        let petals: Vec<_> = (0..8)
            .map(|_| {
                let y = self.rng.between(0.3 * height, 0.9 * height);
                Point(self.rng.between(0.0, width), y)
            })
            .collect();
        self.canvas.dots(&petals, 2.6, accent.lighter(0.45));
    }
}
