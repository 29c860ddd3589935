//! Draws a movie as a landscape: the score decides the size of the sun, the running time the number
//! of layers of land.

use common::models::Movie;

use crate::canvas::{Canvas, Point, count, polyline, smooth_path};
use crate::color::{Color, PALETTES, Palette};
use crate::seeded_rng::SeededRng;

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 320.0;

#[derive(Clone, Copy, PartialEq)]
enum Land {
    Hills,
    Peaks,
    Sea,
    Forest,
    Town,
    Fields,
}

const LANDS: [Land; 6] = [
    Land::Hills,
    Land::Peaks,
    Land::Sea,
    Land::Forest,
    Land::Town,
    Land::Fields,
];

pub(crate) fn draw(canvas: &mut Canvas, rng: &mut SeededRng, movie: &Movie) {
    let palette = rng.pick(&PALETTES);
    let land = *rng.pick(&LANDS);
    let horizon = rng.between(150.0, 205.0);
    canvas.gradient_background(palette.sky_top, palette.horizon);
    sky(canvas, rng, movie, palette, horizon);
    let layers = 3 + usize::from(movie.running_time_minutes.unwrap_or(90) / 55).min(3);
    for layer in 0..layers {
        let part = count(layer) / count(layers - 1);
        let color = palette.far_land.mixed_with(palette.near_land, part);
        let top = horizon + (HEIGHT - 26.0 - horizon) * part;
        let kind = match land {
            Land::Hills | Land::Fields | Land::Sea if layer == 0 && rng.chance(50) => Land::Peaks,
            Land::Town | Land::Forest if layer == 0 => Land::Hills,
            Land::Forest | Land::Town if layer + 1 == layers => Land::Hills,
            land => land,
        };
        ridge(canvas, rng, kind, top, color, palette);
        if layer + 2 == layers {
            landmark(canvas, rng, movie, land, top, palette);
        }
    }
    foreground(canvas, rng, palette);
}

fn sky(canvas: &mut Canvas, rng: &mut SeededRng, movie: &Movie, palette: &Palette, horizon: f64) {
    let size = 14.0 + f64::from(movie.score_percent.unwrap_or(60)) * 0.28;
    let sun = Point(rng.between(45.0, 195.0), rng.between(50.0, horizon - 25.0));
    if palette.is_night() {
        for size in [0.7, 1.2] {
            let stars: Vec<_> = (0..8)
                .map(|_| Point(rng.between(4.0, 236.0), rng.between(4.0, horizon)))
                .collect();
            canvas.dots(&stars, size, palette.light);
        }
    }
    canvas.with_opacity(0.3, |canvas| {
        canvas.circle(sun, size * 1.5, palette.light);
    });
    let crescent = palette.is_night() && rng.chance(45);
    if crescent {
        let inner = (size * 1.15).round();
        let (top, outer) = (Point(sun.0 + size * 0.4, sun.1 - size), size.round());
        let long = (size * 2.0).round();
        let path = format!("M{top}a{outer} {outer} 0 1 0 0 {long}a{inner} {inner} 0 0 1 0-{long}z");
        canvas.path(&path, palette.light);
    } else {
        canvas.circle(sun, size, palette.light);
        for _ in 0..1 + rng.below(3) {
            cloud(canvas, rng, palette, horizon);
        }
    }
    if rng.chance(35) {
        birds(canvas, rng, palette.near_land);
    }
}

fn cloud(canvas: &mut Canvas, rng: &mut SeededRng, palette: &Palette, horizon: f64) {
    let base = Point(rng.between(-10.0, 220.0), rng.between(50.0, horizon - 50.0));
    let size = rng.between(12.0, 34.0);
    let color = palette.light.mixed_with(palette.horizon, 0.25);
    canvas.with_opacity(0.9, |canvas| {
        for (x, y, radius) in [
            (-1.5, -0.3, 0.6),
            (-0.6, -0.7, 0.9),
            (0.5, -0.9, 1.1),
            (1.5, -0.4, 0.7),
        ] {
            let radius = radius * size * rng.between(0.8, 1.15);
            let at = Point(base.0 + x * size, base.1 + y * size);
            canvas.circle(at, radius, color);
        }
        canvas.ellipse(base, (size * 2.6, size * 0.45), color);
    });
}

fn birds(canvas: &mut Canvas, rng: &mut SeededRng, color: Color) {
    let first = Point(rng.between(30.0, 160.0), rng.between(40.0, 110.0));
    let mut path = String::new();
    for bird in 0..3 + rng.below(3) {
        let at = Point(
            first.0 + 13.0 * count(bird),
            first.1 + rng.between(-9.0, 9.0),
        );
        path += &smooth_path(&[at, Point(at.0 + 2.0, at.1 - 4.0), Point(at.0 + 5.0, at.1)]);
        path += &smooth_path(&[
            Point(at.0 + 5.0, at.1),
            Point(at.0 + 8.0, at.1 - 4.0),
            Point(at.0 + 10.0, at.1),
        ]);
    }
    canvas.line(&path, color, 1.4);
}

fn ridge(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    land: Land,
    top: f64,
    color: Color,
    palette: &Palette,
) {
    let below = format!("V{HEIGHT}H0z");
    match land {
        Land::Hills | Land::Fields => {
            let rough = if land == Land::Hills { 30.0 } else { 12.0 };
            let points = line(rng, 6, top, rough);
            canvas.path(&(smooth_path(&points) + &below), color);
            if land == Land::Fields && top > 240.0 {
                furrows(canvas, rng, top, color.lighter(0.18));
            }
        }
        Land::Peaks => {
            let points = line(rng, 9, top - 12.0, 52.0);
            canvas.path(&(polyline(&points) + &below), color);
        }
        Land::Sea => {
            canvas.rect(Point(0.0, top), (WIDTH, HEIGHT - top), color);
            for _ in 0..4 {
                let at = Point(rng.between(-10.0, 200.0), top + rng.between(4.0, 30.0));
                let end = Point(at.0 + rng.between(14.0, 50.0), at.1);
                canvas.line(
                    &polyline(&[at, end]),
                    color.mixed_with(palette.light, 0.4),
                    1.5,
                );
            }
        }
        Land::Forest => {
            let mut points = vec![Point(0.0, top + 20.0)];
            let mut x = rng.between(-12.0, 0.0);
            while x < WIDTH {
                let (width, height) = (rng.between(12.0, 24.0), rng.between(26.0, 58.0));
                points.push(Point(x, top + 20.0));
                points.push(Point(x + width / 2.0, top + 20.0 - height));
                x += width;
            }
            points.push(Point(WIDTH, top + 20.0));
            canvas.path(&(polyline(&points) + &below), color);
        }
        Land::Town => town(canvas, rng, top, color, palette.light),
    }
}

fn line(rng: &mut SeededRng, steps: usize, top: f64, rough: f64) -> Vec<Point> {
    (0..=steps)
        .map(|step| {
            let x = WIDTH * count(step) / count(steps);
            Point(x, top + rng.between(-rough, rough * 0.6))
        })
        .collect()
}

fn furrows(canvas: &mut Canvas, rng: &mut SeededRng, top: f64, color: Color) {
    let far = Point(rng.between(60.0, 180.0), top + 14.0);
    let mut path = String::new();
    for row in 0..5 {
        let x = -40.0 + 80.0 * count(row);
        path += &smooth_path(&[
            far,
            Point((far.0 + x) / 2.0, top + 34.0),
            Point(x, top + 90.0),
        ]);
    }
    canvas.line(&path, color, 1.5);
}

/// Roofs, some with a lit window.
fn town(canvas: &mut Canvas, rng: &mut SeededRng, top: f64, color: Color, light: Color) {
    let mut path = format!("M0 {HEIGHT}");
    let mut windows = String::new();
    let mut x = 0.0;
    while x < WIDTH {
        let (width, height) = (rng.between(18.0, 36.0), rng.between(4.0, 46.0));
        let eaves = top + 12.0 - height;
        let peak = if rng.chance(70) { 10.0 } else { 0.0 };
        for point in [
            Point(x, eaves),
            Point(x + width / 2.0, eaves - peak),
            Point(x + width, eaves),
        ] {
            path += &format!("L{point}");
        }
        if rng.chance(45) {
            let window = Point(x + width / 2.0 - 2.0, eaves + 5.0);
            windows += &format!("M{window}h4v6h-4z");
        }
        x += width;
    }
    canvas.path(&format!("{path}V{HEIGHT}z"), color);
    canvas.path(&windows, light);
}

fn landmark(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    movie: &Movie,
    land: Land,
    top: f64,
    palette: &Palette,
) {
    let at = Point(rng.between(50.0, 190.0), top + 8.0);
    let dark = palette.near_land.darker(0.15);
    let flies = !movie.vehicles.is_empty() || rng.chance(20);
    match land {
        Land::Sea => boat(canvas, at, palette, dark),
        _ if flies => glider(canvas, rng, palette, dark),
        Land::Town => tower(canvas, at, palette, dark),
        Land::Fields | Land::Hills if rng.chance(60) => tree(canvas, rng, at, dark),
        _ => house(canvas, at, palette, dark),
    }
}

fn boat(canvas: &mut Canvas, at: Point, palette: &Palette, dark: Color) {
    let Point(x, y) = at;
    canvas.path(
        &format!(
            "M{}h36l-7 11h-22zM{}v-34l18 30z",
            Point(x - 18.0, y),
            Point(x, y - 2.0)
        ),
        dark,
    );
    canvas.path(
        &format!("M{}v-28l-13 24z", Point(x - 3.0, y - 4.0)),
        palette.light,
    );
}

fn glider(canvas: &mut Canvas, rng: &mut SeededRng, palette: &Palette, dark: Color) {
    let at = Point(rng.between(60.0, 170.0), rng.between(60.0, 130.0));
    let (wings, body) = if palette.is_night() {
        (palette.light.lighter(0.4), dark)
    } else {
        (dark, palette.light)
    };
    canvas.path(&format!("M{at}l-40-12 44-2 40-14-28 20 6 12-14-8z"), wings);
    canvas.path(&format!("M{at}l12-8 4 10z"), body);
}

fn tower(canvas: &mut Canvas, at: Point, palette: &Palette, dark: Color) {
    let Point(x, y) = at;
    canvas.path(
        &format!("M{}v-84l12-20 12 20v84z", Point(x - 12.0, y + 14.0)),
        dark,
    );
    canvas.circle(Point(x, y - 62.0), 6.0, palette.light);
}

fn tree(canvas: &mut Canvas, rng: &mut SeededRng, at: Point, dark: Color) {
    let Point(x, y) = at;
    let size = rng.between(20.0, 34.0);
    canvas.path(
        &format!("M{}q5-14 3-34h8q-2 20 4 34z", Point(x - 7.0, y + 6.0)),
        dark,
    );
    for (dx, dy, part) in [(-0.7, 0.1, 0.7), (0.7, 0.0, 0.75), (0.0, -0.5, 0.95)] {
        let crown = Point(x + dx * size, y - 32.0 + dy * size);
        canvas.circle(crown, size * part, dark);
    }
}

fn house(canvas: &mut Canvas, at: Point, palette: &Palette, dark: Color) {
    let Point(x, y) = at;
    canvas.path(
        &format!("M{}v-18h-5l22-18 22 18h-5v18z", Point(x - 17.0, y + 8.0)),
        dark,
    );
    canvas.rect(Point(x - 9.0, y - 6.0), (6.0, 8.0), palette.light);
    canvas.rect(Point(x + 3.0, y - 6.0), (6.0, 8.0), palette.light);
}

/// Grass at the bottom edge.
fn foreground(canvas: &mut Canvas, rng: &mut SeededRng, palette: &Palette) {
    let dark = palette.near_land.darker(0.35);
    let mut path = format!("M0 {HEIGHT}V306");
    let mut x = 0.0;
    while x < WIDTH {
        let width = rng.between(9.0, 24.0);
        let tip = Point(
            x + width / 2.0 + rng.between(-4.0, 4.0),
            rng.between(288.0, 303.0),
        );
        path += &format!("L{tip}L{}", Point(x + width, 308.0));
        x += width;
    }
    canvas.path(&format!("{path}V{HEIGHT}z"), dark);
}
