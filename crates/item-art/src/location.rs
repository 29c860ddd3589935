//! Draws a location as a map: land in contour steps with the signs of its terrain, water over its
//! share of the surface, and a dot for each resident.

use common::models::Location;

use crate::canvas::{Canvas, Point, count, smooth_closed_path, smooth_path};
use crate::color::{Color, Palette};
use crate::ground::Ground;
use crate::seeded_rng::SeededRng;

const STEPS: usize = 4;
/// Maximum number of resident dots.
const MAX_DOTS: usize = 8;
/// A larger share of water is a sea, a smaller one a lake or a river.
const MAX_LAKE_PERCENT: f64 = 45.0;

pub(crate) fn draw(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    palette: &Palette,
    location: &Location,
) {
    let (width, height) = canvas.size;
    let ground = Ground::of(location);
    let (low, high) = land_colors(palette, location, ground);
    let percent = f64::from(location.surface_water_percent.unwrap_or(0).min(100));
    let water = Color(0x6f_a9b8).mixed_with(palette.sky_top, 0.1);
    canvas.gradient_background(low.lighter(0.12), low);
    let middle = Point(
        width * rng.between(0.4, 0.6),
        height * rng.between(0.42, 0.58),
    );
    contours(canvas, rng, middle, (low, high));
    let side = if rng.chance(50) { 1.0 } else { -1.0 };
    let part = percent / 100.0;
    let is_sea = percent > MAX_LAKE_PERCENT && ground != Some(Ground::River);
    // A sea leaves land on the opposite side only.
    let land = if is_sea { 1.0 - part } else { 1.0 };
    let left = if side > 0.0 {
        0.0
    } else {
        width * (1.0 - land)
    };
    if land > 0.0 {
        signs(canvas, rng, ground, (left, width * land), high.darker(0.25));
    }
    if is_sea {
        sea(canvas, rng, side, (part, water));
    } else if percent > 0.0 && ground == Some(Ground::River) {
        river(canvas, rng, (part, water));
    } else if percent > 0.0 {
        lake(canvas, rng, side, (part, water));
    }
    if land > 0.0 {
        let shore = width * if is_sea { land } else { 0.28 };
        let left = if side > 0.0 { 0.0 } else { width - shore };
        resident_dots(canvas, rng, location.residents.len(), (left, shore));
    }
    grid(canvas);
}

/// The colours of the lowest and the highest land.
fn land_colors(palette: &Palette, location: &Location, ground: Option<Ground>) -> (Color, Color) {
    let (low, high) = match ground {
        Some(Ground::Peaks) => (Color(0xc9_c2a8), Color(0x6d_5a50)),
        Some(Ground::Hills) => (Color(0xc5_d3a0), Color(0x5f_8048)),
        Some(Ground::Forest) => (Color(0xa9_c79a), Color(0x28_5a40)),
        Some(Ground::River) => (Color(0xcf_dcae), Color(0x6a_9560)),
        Some(Ground::Marsh) => (Color(0xb4_c4a0), Color(0x5d_6f4a)),
        Some(Ground::Town) => (Color(0xe9_dabb), Color(0xb5_7350)),
        Some(Ground::Sea) => (Color(0xe6_dfb4), Color(0x73_9a5c)),
        Some(Ground::Fields) => (Color(0xec_dfa6), Color(0xc0_9d4c)),
        _ => (Color(0xdd_d6c2), Color(0x9a_9484)),
    };
    let climate = location.climate.as_deref().unwrap_or_default();
    let climate = climate.to_lowercase();
    let climates = [
        ("dry", 0xe0_b070),
        ("tropic", 0xf0_d060),
        ("wet", 0x70_a0a8),
        ("cold", 0xe8_f0f4),
    ];
    let tint = climates.iter().find(|(word, _)| climate.contains(word));
    let tint = tint.map_or(palette.horizon, |(_, color)| Color(*color));
    (low.mixed_with(tint, 0.28), high.mixed_with(tint, 0.12))
}

/// Land in contour steps, each inside the one below it.
fn contours(canvas: &mut Canvas, rng: &mut SeededRng, middle: Point, (low, high): (Color, Color)) {
    let (width, height) = canvas.size;
    let turn = rng.between(0.0, 1.0);
    let bumps: Vec<f64> = (0..9).map(|_| rng.between(0.7, 1.25)).collect();
    for step in 0..STEPS {
        let part = count(step + 1) / count(STEPS);
        let size = 1.0 - 0.8 * part;
        let points: Vec<Point> = bumps
            .iter()
            .enumerate()
            .map(|(place, bump)| {
                let angle = (count(place) / count(bumps.len()) + turn) * std::f64::consts::TAU;
                let size = size * (bump + rng.between(-0.08, 0.08));
                Point(
                    middle.0 + 0.55 * width * size * angle.cos(),
                    middle.1 + 0.62 * height * size * angle.sin(),
                )
            })
            .collect();
        canvas.path(
            &smooth_closed_path(&points),
            low.mixed_with(high, 0.7 * part),
        );
    }
}

/// Water on one side, over a part of the area.
fn sea(canvas: &mut Canvas, rng: &mut SeededRng, side: f64, (part, color): (f64, Color)) {
    let (width, height) = canvas.size;
    if part >= 1.0 {
        canvas.rect(Point(0.0, 0.0), canvas.size, color);
        depth_lines(canvas, rng, (0.0, width), color.lighter(0.25));
        return;
    }
    let shore = if side > 0.0 {
        width * (1.0 - part)
    } else {
        width * part
    };
    // A coast that is as much inland as it is out at sea.
    let mut points: Vec<_> = (0..=7)
        .map(|step| {
            let sway = if step % 2 == 0 { 1.0 } else { -1.0 };
            let x = shore + sway * rng.between(4.0, 0.05 * width);
            Point(x, height * (count(step) * 1.2 - 0.7) / 7.0)
        })
        .collect();
    let edge = if side > 0.0 { width + 20.0 } else { -20.0 };
    let outline = |points: &[Point]| format!("{}L{edge} {height}L{edge} 0Z", smooth_path(points));
    canvas.line(&smooth_path(&points), color.lighter(0.5), 7.0);
    canvas.path(&outline(&points), color);
    for _ in 0..2 {
        for point in &mut points {
            point.0 += side * 0.07 * width;
        }
        canvas.line(&smooth_path(&points), color.lighter(0.22), 1.2);
    }
}

fn depth_lines(canvas: &mut Canvas, rng: &mut SeededRng, (from, to): (f64, f64), color: Color) {
    let height = canvas.size.1;
    let mut path = String::new();
    for _ in 0..14 {
        let at = Point(rng.between(from, to), rng.between(8.0, height - 8.0));
        path += &format!("M{at}c6-7 12-7 18 0c6 7 12 7 18 0");
    }
    canvas.line(&path, color, 1.6);
}

/// A river across the map whose area is a part of it.
fn river(canvas: &mut Canvas, rng: &mut SeededRng, (part, color): (f64, Color)) {
    let (width, height) = canvas.size;
    let (from, to) = (rng.between(0.3, 0.7), rng.between(0.3, 0.7));
    let points: Vec<Point> = (0..6)
        .map(|step| {
            let along = count(step) / 5.0;
            let y = height * (from + (to - from) * along);
            let sway = rng.between(-0.12, 0.12) * height;
            Point(width * (1.3 * along - 0.15), y + sway)
        })
        .collect();
    let path = smooth_path(&points);
    canvas.line(&path, color.lighter(0.45), height * part + 5.0);
    canvas.line(&path, color, height * part);
    canvas.line(&path, color.lighter(0.2), 1.4);
}

/// A lake whose area is a part of the map.
fn lake(canvas: &mut Canvas, rng: &mut SeededRng, side: f64, (part, color): (f64, Color)) {
    let (width, height) = canvas.size;
    let area = part * width * height;
    let ry = (area / std::f64::consts::PI / 1.5).sqrt();
    let middle = Point(
        width * (0.5 + side * rng.between(0.1, 0.2)),
        height * rng.between(0.42, 0.58),
    );
    let points: Vec<Point> = (0..8)
        .map(|place| {
            let angle = count(place) / 8.0 * std::f64::consts::TAU;
            let size = ry * rng.between(0.98, 1.22);
            Point(
                middle.0 + 1.5 * size * angle.cos(),
                middle.1 + size * angle.sin(),
            )
        })
        .collect();
    let path = smooth_closed_path(&points);
    canvas.line(&path, color.lighter(0.5), 5.0);
    canvas.path(&path, color);
}

/// The signs of a terrain, as on old maps.
fn signs(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    ground: Option<Ground>,
    (left, wide): (f64, f64),
    color: Color,
) {
    let (sign, many, width) = match ground {
        Some(Ground::Peaks) => ("l9-17l9 17m-5-9l3-3", 14, 2.0),
        Some(Ground::Hills) => ("c3-10 13-10 16 0", 14, 2.0),
        Some(Ground::Forest) => ("v-6m-5 0l5-13l5 13zm5 0", 18, 1.8),
        Some(Ground::Marsh) => ("v-9m-4 9l-3-7m8 7l3-7m-9 7h10", 10, 1.5),
        Some(Ground::Town) => ("v-9l5-5l5 5v9zm13 0v-14h7v14z", 13, 1.6),
        Some(Ground::Fields) => ("h14m-14 5h14m-14 5h14", 12, 1.3),
        _ => return,
    };
    let height = canvas.size.1;
    let mut path = String::new();
    for place in 0..many {
        let at = Point(
            left + wide * (0.08 + 0.84 * (count(place) + rng.between(0.1, 0.9)) / count(many)),
            rng.between(0.18, 0.92) * height,
        );
        path += &format!("M{at}{sign}");
    }
    canvas.line(&path, color.with_opacity(0.75), width);
}

fn resident_dots(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    residents: usize,
    (left, wide): (f64, f64),
) {
    let height = canvas.size.1;
    let dots: Vec<_> = (0..residents.min(MAX_DOTS))
        .map(|_| {
            Point(
                left + wide * rng.between(0.15, 0.85),
                height * rng.between(0.2, 0.8),
            )
        })
        .collect();
    canvas.dots(&dots, 4.6, Color(0xff_fbf0));
    canvas.dots(&dots, 2.8, Color(0xa8_3f2a));
}

fn grid(canvas: &mut Canvas) {
    let (width, height) = canvas.size;
    let mut path = String::new();
    for part in 1..4 {
        path += &format!("M{:.0} 0V{height}", width * f64::from(part) / 4.0);
    }
    for part in 1..3 {
        path += &format!("M0 {:.0}H{width}", height * f64::from(part) / 3.0);
    }
    canvas.line(&path, Color(0x1c_2b2d).with_opacity(0.2), 0.7);
}
