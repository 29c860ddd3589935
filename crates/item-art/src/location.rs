//! Draws a location as a map: land in contour steps, water over its share of the surface, and a dot
//! for each resident.

use common::models::Location;

use crate::canvas::{Canvas, Point, count, smooth_closed_path, smooth_path};
use crate::color::Color;
use crate::seeded_rng::SeededRng;

const WIDTH: f64 = 240.0;
const STEPS: usize = 5;
/// Maximum number of resident dots.
const MAX_DOTS: usize = 8;

pub(crate) fn draw(canvas: &mut Canvas, rng: &mut SeededRng, location: &Location) {
    let (low, high) = land_colors(rng, location);
    let water = Color(0x6f_a9b8).mixed_with(low, rng.between(0.0, 0.25));
    let water_share = f64::from(location.surface_water_percent.unwrap_or(20).min(100)) / 100.0;
    let is_island = water_share > 0.5;
    let ground = if is_island { water } else { low };
    canvas.gradient_background(ground.lighter(0.1), ground);
    let middle = Point(rng.between(85.0, 155.0), rng.between(65.0, 95.0));
    let radius = if is_island {
        118.0 - 70.0 * water_share
    } else {
        rng.between(70.0, 90.0)
    };
    land(canvas, rng, middle, radius, (low, high));
    if is_island {
        let side = if middle.0 < WIDTH / 2.0 { 1.0 } else { -1.0 };
        let islet = Point(
            middle.0 + side * (radius * 1.25 + 26.0),
            rng.between(30.0, 130.0),
        );
        land(canvas, rng, islet, 15.0, (low, high));
    } else {
        river(canvas, rng, water, 3.0 + 22.0 * water_share);
    }
    if mentions(location.terrain.as_deref(), "city") {
        streets(canvas, rng, middle, high.darker(0.2));
    }
    resident_dots(canvas, rng, location.residents.len(), middle);
    grid(canvas);
}

fn mentions(text: Option<&str>, word: &str) -> bool {
    text.is_some_and(|text| text.to_lowercase().contains(word))
}

/// The colours of the lowest and the highest land.
fn land_colors(rng: &mut SeededRng, location: &Location) -> (Color, Color) {
    let terrains = [
        ("mountain", 0xc9_c2a8, 0x6d_5a50),
        ("hill", 0xc5_d3a0, 0x5f_8048),
        ("forest", 0xa9_c79a, 0x28_5a40),
        ("river", 0xcf_dcae, 0x6a_9560),
        ("marsh", 0xb4_c4a0, 0x5d_6f4a),
        ("city", 0xe9_dabb, 0xb5_7350),
        ("ocean", 0xe6_dfb4, 0x73_9a5c),
        ("plain", 0xec_dfa6, 0xc0_9d4c),
        ("desert", 0xf0_dcae, 0xc2_8a4c),
    ];
    let known = terrains
        .iter()
        .find(|(word, ..)| mentions(location.terrain.as_deref(), word));
    let (_, low, high) = *known.unwrap_or_else(|| rng.pick(&terrains));
    let (low, high) = (Color(low), Color(high));
    let climates = [
        ("dry", 0xe0_b070),
        ("tropic", 0xf0_d060),
        ("wet", 0x70_a0a8),
        ("continental", 0xd8_d0c0),
        ("cold", 0xe8_f0f4),
    ];
    let climate = climates
        .iter()
        .find(|(word, _)| mentions(location.climate.as_deref(), word));
    let part = rng.between(0.06, 0.2);
    match climate {
        Some((_, color)) => (
            low.mixed_with(Color(*color), 0.3),
            high.mixed_with(Color(*color), part),
        ),
        None => (low.lighter(part), high),
    }
}

/// Land in contour steps, each inside the one below it.
fn land(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    middle: Point,
    radius: f64,
    (low, high): (Color, Color),
) {
    let turn = rng.between(0.0, 1.0);
    let bumps: Vec<f64> = (0..9).map(|_| rng.between(0.7, 1.25)).collect();
    let drift = (rng.between(-14.0, 14.0), rng.between(-9.0, 9.0));
    for step in 0..STEPS {
        let part = count(step) / count(STEPS - 1);
        let size = radius * (1.0 - 0.82 * part);
        let points: Vec<Point> = bumps
            .iter()
            .enumerate()
            .map(|(place, bump)| {
                let angle = (count(place) / count(bumps.len()) + turn) * std::f64::consts::TAU;
                let size = size * (bump + rng.between(-0.08, 0.08));
                Point(
                    middle.0 + drift.0 * part + size * 1.25 * angle.cos(),
                    middle.1 + drift.1 * part + size * 0.8 * angle.sin(),
                )
            })
            .collect();
        canvas.path(
            &smooth_closed_path(&points),
            low.darker(0.05).mixed_with(high, part),
        );
    }
}

fn river(canvas: &mut Canvas, rng: &mut SeededRng, color: Color, width: f64) {
    let (from, to) = (rng.between(10.0, 150.0), rng.between(10.0, 150.0));
    let points: Vec<Point> = (0..6)
        .map(|step| {
            let x = -20.0 + 56.0 * count(step);
            let y = from + (to - from) * count(step) / 5.0;
            Point(x, y + rng.between(-26.0, 26.0))
        })
        .collect();
    canvas.line(&smooth_path(&points), color, width);
}

fn streets(canvas: &mut Canvas, rng: &mut SeededRng, middle: Point, color: Color) {
    let mut path = String::new();
    for street in 0..4 {
        let step = rng.between(11.0, 17.0) * (count(street) - 1.5);
        let (half, third) = (rng.between(24.0, 42.0), rng.between(16.0, 28.0));
        path += &format!(
            "M{}h{}",
            Point(middle.0 - half, middle.1 + step),
            (half * 2.0).round()
        );
        path += &format!(
            "M{}v{}",
            Point(middle.0 + step * 1.4, middle.1 - third),
            (third * 2.0).round()
        );
    }
    canvas.line(&path, color, 1.4);
}

fn resident_dots(canvas: &mut Canvas, rng: &mut SeededRng, residents: usize, middle: Point) {
    for _ in 0..residents.min(MAX_DOTS) {
        let at = Point(
            middle.0 + rng.between(-46.0, 46.0),
            middle.1 + rng.between(-28.0, 28.0),
        );
        canvas.circle(at, 4.0, Color(0xff_fbf0));
        canvas.circle(at, 2.4, Color(0xa8_3f2a));
    }
}

fn grid(canvas: &mut Canvas) {
    canvas.with_opacity(0.2, |canvas| {
        canvas.line(
            "M60 0V160M120 0V160M180 0V160M0 53H240M0 107H240",
            Color(0x1c_2b2d),
            0.7,
        );
    });
}
