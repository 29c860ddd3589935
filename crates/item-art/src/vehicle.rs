//! Draws a vehicle from the side, in motion: its class decides the shape, its length the size.

use common::models::Vehicle;

use crate::canvas::{Canvas, Point, count, polyline};
use crate::color::{Color, PALETTES, Palette};
use crate::seeded_rng::SeededRng;

const PAINT: [Color; 7] = [
    Color(0xb5_4a36),
    Color(0x2f_6f66),
    Color(0x3d_5a8a),
    Color(0xcf_9a3a),
    Color(0x5a_4a5e),
    Color(0x7a_8a5a),
    Color(0x8f_5a3a),
];

#[derive(Clone, Copy)]
enum Class {
    Airship,
    Plane,
    Boat,
    Rail,
    Road,
}

const CLASS_WORDS: [(&str, Class); 18] = [
    ("airship", Class::Airship),
    ("balloon", Class::Airship),
    ("zeppelin", Class::Airship),
    ("plane", Class::Plane),
    ("glider", Class::Plane),
    ("fly", Class::Plane),
    ("jet", Class::Plane),
    ("boat", Class::Boat),
    ("ship", Class::Boat),
    ("ferry", Class::Boat),
    ("raft", Class::Boat),
    ("sail", Class::Boat),
    ("train", Class::Rail),
    ("tram", Class::Rail),
    ("rail", Class::Rail),
    ("car", Class::Road),
    ("bus", Class::Road),
    ("cycle", Class::Road),
];

pub(crate) fn draw(canvas: &mut Canvas, rng: &mut SeededRng, vehicle: &Vehicle) {
    let palette = rng.pick(&PALETTES);
    canvas.gradient_background(palette.sky_top, palette.horizon);
    let sun = Point(rng.between(30.0, 210.0), rng.between(25.0, 60.0));
    canvas.circle(sun, rng.between(11.0, 22.0), palette.light);
    let class = class(rng, vehicle);
    ground(canvas, rng, class, palette);
    wind(canvas, rng, palette);
    let paint = *rng.pick(&PAINT);
    let feet = vehicle.length_feet.unwrap_or(40.0).clamp(5.0, 1000.0);
    let size = 0.7 + feet.log10() / 6.0;
    match class {
        Class::Airship => airship(canvas, rng, size, paint, palette),
        Class::Plane => plane(canvas, rng, size, paint, palette),
        Class::Boat => boat(canvas, rng, size, paint, palette),
        Class::Rail => train(canvas, rng, size, paint, palette),
        Class::Road => car(canvas, rng, size, paint, palette),
    }
}

fn class(rng: &mut SeededRng, vehicle: &Vehicle) -> Class {
    let word = vehicle.vehicle_class.as_deref().unwrap_or_default();
    let word = word.to_lowercase();
    let known = CLASS_WORDS.iter().find(|(part, _)| word.contains(part));
    known.unwrap_or_else(|| rng.pick(&CLASS_WORDS)).1
}

fn ground(canvas: &mut Canvas, rng: &mut SeededRng, class: Class, palette: &Palette) {
    let top = rng.between(118.0, 132.0);
    let mut points = vec![Point(0.0, top)];
    points.extend((1..=8).map(|step| Point(30.0 * count(step), top + rng.between(-16.0, 4.0))));
    canvas.path(&(polyline(&points) + "V160H0z"), palette.far_land);
    let color = match class {
        Class::Boat => palette.far_land.mixed_with(palette.near_land, 0.45),
        _ => palette.near_land,
    };
    canvas.rect(Point(0.0, 132.0), (240.0, 28.0), color);
}

/// Motion lines.
fn wind(canvas: &mut Canvas, rng: &mut SeededRng, palette: &Palette) {
    let mut path = String::new();
    for _ in 0..5 {
        let at = Point(rng.between(0.0, 180.0), rng.between(20.0, 115.0));
        path += &format!("M{at}h{}", rng.between(14.0, 44.0).round());
    }
    canvas.with_opacity(0.6, |canvas| canvas.line(&path, palette.light, 1.6));
}

fn airship(canvas: &mut Canvas, rng: &mut SeededRng, size: f64, paint: Color, palette: &Palette) {
    let (long, high) = (66.0 * size, rng.between(20.0, 27.0) * size);
    let middle = Point(120.0, 68.0);
    let tail = middle.0 - long * 0.9;
    canvas.path(
        &format!("M{}l-22-20h20l18 18-18 18h-20z", Point(tail, 68.0)),
        paint.darker(0.25),
    );
    canvas.ellipse(middle, (long, high), paint);
    canvas.ellipse(
        Point(120.0, 68.0 - high * 0.3),
        (long * 0.8, high * 0.45),
        paint.lighter(0.2),
    );
    for stripe in [-0.4, 0.1, 0.55] {
        let x = middle.0 + stripe * long;
        canvas.line(
            &format!("M{}v{}", Point(x, 68.0 - high * 0.8), (high * 1.6).round()),
            paint.darker(0.3),
            1.4,
        );
    }
    let under = 68.0 + high;
    canvas.path(
        &format!("M{}h52l-8 15h-38z", Point(96.0, under - 1.0)),
        paint.darker(0.45),
    );
    windows(canvas, Point(106.0, under + 4.0), 4, palette.light);
}

fn plane(canvas: &mut Canvas, rng: &mut SeededRng, size: f64, paint: Color, palette: &Palette) {
    let long = (70.0 * size).round();
    let y = rng.between(66.0, 80.0);
    let nose = Point(120.0 + long * 0.8, y);
    canvas.path(
        &format!("M{nose}q-12-15-44-14l-{long} 4-16-24-11 2 8 30q40 14 86 12 30-1 33-10z"),
        paint,
    );
    canvas.path(
        &format!("M{}l-52 18-10-3 32-21z", Point(132.0, y - 1.0)),
        paint.darker(0.35),
    );
    canvas.path(
        &format!("M{}q10-16 24-3z", Point(124.0, y - 12.0)),
        palette.light,
    );
    let blade = rng.between(13.0, 20.0);
    canvas.line(
        &format!(
            "M{}v{}",
            Point(nose.0 + 3.0, y - blade),
            (blade * 2.0).round()
        ),
        paint.darker(0.6),
        2.6,
    );
    canvas.circle(nose, 4.0, paint.darker(0.5));
}

fn boat(canvas: &mut Canvas, rng: &mut SeededRng, size: f64, paint: Color, palette: &Palette) {
    let half = 56.0 * size;
    let deck = 112.0;
    canvas.path(
        &format!(
            "M{}h{}l-16 28H{}z",
            Point(120.0 - half, deck),
            (half * 2.0).round(),
            (120.0 - half + 18.0).round()
        ),
        paint,
    );
    canvas.path(
        &format!(
            "M{}h{}l-4 7H{}z",
            Point(120.0 - half, deck),
            (half * 2.0).round(),
            (120.0 - half + 4.0).round()
        ),
        paint.lighter(0.35),
    );
    if rng.chance(50) {
        let mast = rng.between(110.0, 130.0);
        canvas.line(
            &format!("M{}V34", Point(mast, deck)),
            paint.darker(0.5),
            3.0,
        );
        canvas.path(
            &format!(
                "M{}L{}H{}z",
                Point(mast + 4.0, 36.0),
                Point(mast + half * 0.8, 100.0),
                (mast + 4.0).round()
            ),
            palette.light,
        );
        canvas.path(
            &format!(
                "M{}L{}H{}z",
                Point(mast - 4.0, 46.0),
                Point(mast - half * 0.5, 100.0),
                (mast - 4.0).round()
            ),
            palette.light.darker(0.12),
        );
    } else {
        canvas.rect(Point(98.0, 90.0), (54.0, 22.0), paint.lighter(0.75));
        windows(canvas, Point(104.0, 96.0), 4, paint.darker(0.4));
        canvas.rect(Point(122.0, 66.0), (14.0, 24.0), paint.darker(0.3));
    }
    canvas.line(
        "M0 143q10-6 20 0t20 0 20 0 20 0 20 0 20 0 20 0 20 0 20 0 20 0 20 0 20 0",
        palette.light,
        2.0,
    );
}

fn train(canvas: &mut Canvas, rng: &mut SeededRng, size: f64, paint: Color, palette: &Palette) {
    let cars = 2 + rng.below(2);
    let long = 62.0 * size;
    for car in 0..cars {
        let left = 214.0 - (long + 5.0) * count(car + 1);
        canvas.path(
            &format!(
                "M{}v-34q0-8 8-8h{}q8 0 8 8v34z",
                Point(left, 128.0),
                (long - 16.0).round()
            ),
            paint,
        );
        windows(canvas, Point(left + 8.0, 96.0), 4, palette.light);
        canvas.circle(Point(left + 13.0, 129.0), 6.0, paint.darker(0.6));
        canvas.circle(Point(left + long - 13.0, 129.0), 6.0, paint.darker(0.6));
    }
    canvas.line("M0 136H240", palette.light, 1.6);
}

fn car(canvas: &mut Canvas, rng: &mut SeededRng, size: f64, paint: Color, palette: &Palette) {
    let half = 44.0 * size;
    let roof = rng.between(24.0, 34.0).round();
    canvas.path(
        &format!(
            "M{}q0-20 14-20h10l12-{roof}h{}l16 {roof}h12q10 2 10 20z",
            Point(120.0 - half - 12.0, 130.0),
            (half * 1.1).round()
        ),
        paint,
    );
    canvas.path(
        &format!(
            "M{}l7-16h{}l9 16z",
            Point(120.0 - half + 18.0, 106.0),
            (half * 0.9).round()
        ),
        palette.light,
    );
    for wheel in [-0.62, 0.62] {
        let at = Point(120.0 + wheel * half, 130.0);
        canvas.circle(at, 12.0, Color(0x23_2326));
        canvas.circle(at, 5.0, palette.light);
    }
}

fn windows(canvas: &mut Canvas, first: Point, how_many: usize, color: Color) {
    for window in 0..how_many {
        canvas.rect(
            Point(first.0 + 10.0 * count(window), first.1),
            (6.0, 6.0),
            color,
        );
    }
}
