//! A movie is a place under a sky: its score is how large the sun stands, its length how far the
//! land reaches.

use common::models::Movie;

use super::canvas::{Canvas, Point, count, soft, straight};
use super::chance::Chance;
use super::color::{Color, PALETTES, Palette};

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

pub(super) fn draw(canvas: &mut Canvas, chance: &mut Chance, movie: &Movie) {
    let palette = chance.pick(&PALETTES);
    let land = *chance.pick(&LANDS);
    let horizon = chance.between(150.0, 205.0);
    canvas.fade(palette.high, palette.low);
    sky(canvas, chance, movie, palette, horizon);
    let layers = 3 + usize::from(movie.running_time_minutes.unwrap_or(90) / 55).min(3);
    for layer in 0..layers {
        let part = count(layer) / count(layers - 1);
        let color = palette.far.toward(palette.near, part);
        let top = horizon + (HEIGHT - 26.0 - horizon) * part;
        let kind = match land {
            Land::Hills | Land::Fields | Land::Sea if layer == 0 && chance.percent(50) => {
                Land::Peaks
            }
            Land::Town | Land::Forest if layer == 0 => Land::Hills,
            Land::Forest | Land::Town if layer + 1 == layers => Land::Hills,
            land => land,
        };
        ridge(canvas, chance, kind, top, color, palette);
        if layer + 2 == layers {
            landmark(canvas, chance, movie, land, top, palette);
        }
    }
    foreground(canvas, chance, palette);
}

fn sky(canvas: &mut Canvas, chance: &mut Chance, movie: &Movie, palette: &Palette, horizon: f64) {
    let size = 14.0 + f64::from(movie.score_percent.unwrap_or(60)) * 0.28;
    let sun = Point(
        chance.between(45.0, 195.0),
        chance.between(50.0, horizon - 25.0),
    );
    if palette.is_night() {
        for size in [0.7, 1.2] {
            let stars: Vec<_> = (0..8)
                .map(|_| Point(chance.between(4.0, 236.0), chance.between(4.0, horizon)))
                .collect();
            canvas.dots(&stars, size, palette.light);
        }
    }
    canvas.veiled(0.3, |canvas| {
        canvas.circle(sun, size * 1.5, palette.light);
    });
    let crescent = palette.is_night() && chance.percent(45);
    if crescent {
        let inner = (size * 1.15).round();
        let (top, outer) = (Point(sun.0 + size * 0.4, sun.1 - size), size.round());
        let long = (size * 2.0).round();
        let way = format!("M{top}a{outer} {outer} 0 1 0 0 {long}a{inner} {inner} 0 0 1 0-{long}z");
        canvas.path(&way, palette.light);
    } else {
        canvas.circle(sun, size, palette.light);
        for _ in 0..1 + chance.below(3) {
            cloud(canvas, chance, palette, horizon);
        }
    }
    if chance.percent(35) {
        birds(canvas, chance, palette.near);
    }
}

/// A heap of summer cloud.
fn cloud(canvas: &mut Canvas, chance: &mut Chance, palette: &Palette, horizon: f64) {
    let base = Point(
        chance.between(-10.0, 220.0),
        chance.between(50.0, horizon - 50.0),
    );
    let size = chance.between(12.0, 34.0);
    let color = palette.light.toward(palette.low, 0.25);
    canvas.veiled(0.9, |canvas| {
        for (x, y, radius) in [
            (-1.5, -0.3, 0.6),
            (-0.6, -0.7, 0.9),
            (0.5, -0.9, 1.1),
            (1.5, -0.4, 0.7),
        ] {
            let radius = radius * size * chance.between(0.8, 1.15);
            let at = Point(base.0 + x * size, base.1 + y * size);
            canvas.circle(at, radius, color);
        }
        canvas.ellipse(base, (size * 2.6, size * 0.45), color);
    });
}

fn birds(canvas: &mut Canvas, chance: &mut Chance, color: Color) {
    let first = Point(chance.between(30.0, 160.0), chance.between(40.0, 110.0));
    let mut way = String::new();
    for bird in 0..3 + chance.below(3) {
        let at = Point(
            first.0 + 13.0 * count(bird),
            first.1 + chance.between(-9.0, 9.0),
        );
        way += &soft(&[at, Point(at.0 + 2.0, at.1 - 4.0), Point(at.0 + 5.0, at.1)]);
        way += &soft(&[
            Point(at.0 + 5.0, at.1),
            Point(at.0 + 8.0, at.1 - 4.0),
            Point(at.0 + 10.0, at.1),
        ]);
    }
    canvas.line(&way, color, 1.4);
}

fn ridge(
    canvas: &mut Canvas,
    chance: &mut Chance,
    land: Land,
    top: f64,
    color: Color,
    palette: &Palette,
) {
    let below = format!("V{HEIGHT}H0z");
    match land {
        Land::Hills | Land::Fields => {
            let rough = if land == Land::Hills { 30.0 } else { 12.0 };
            let points = line(chance, 6, top, rough);
            canvas.path(&(soft(&points) + &below), color);
            if land == Land::Fields && top > 240.0 {
                furrows(canvas, chance, top, color.lighter(0.18));
            }
        }
        Land::Peaks => {
            let points = line(chance, 9, top - 12.0, 52.0);
            canvas.path(&(straight(&points) + &below), color);
        }
        Land::Sea => {
            canvas.rect(Point(0.0, top), (WIDTH, HEIGHT - top), color);
            for _ in 0..4 {
                let at = Point(
                    chance.between(-10.0, 200.0),
                    top + chance.between(4.0, 30.0),
                );
                let end = Point(at.0 + chance.between(14.0, 50.0), at.1);
                canvas.line(&straight(&[at, end]), color.toward(palette.light, 0.4), 1.5);
            }
        }
        Land::Forest => {
            let mut points = vec![Point(0.0, top + 20.0)];
            let mut x = chance.between(-12.0, 0.0);
            while x < WIDTH {
                let (width, height) = (chance.between(12.0, 24.0), chance.between(26.0, 58.0));
                points.push(Point(x, top + 20.0));
                points.push(Point(x + width / 2.0, top + 20.0 - height));
                x += width;
            }
            points.push(Point(WIDTH, top + 20.0));
            canvas.path(&(straight(&points) + &below), color);
        }
        Land::Town => town(canvas, chance, top, color, palette.light),
    }
}

fn line(chance: &mut Chance, steps: usize, top: f64, rough: f64) -> Vec<Point> {
    (0..=steps)
        .map(|step| {
            let x = WIDTH * count(step) / count(steps);
            Point(x, top + chance.between(-rough, rough * 0.6))
        })
        .collect()
}

fn furrows(canvas: &mut Canvas, chance: &mut Chance, top: f64, color: Color) {
    let far = Point(chance.between(60.0, 180.0), top + 14.0);
    let mut way = String::new();
    for row in 0..5 {
        let x = -40.0 + 80.0 * count(row);
        way += &soft(&[
            far,
            Point((far.0 + x) / 2.0, top + 34.0),
            Point(x, top + 90.0),
        ]);
    }
    canvas.line(&way, color, 1.5);
}

/// Roofs, some with light below them.
fn town(canvas: &mut Canvas, chance: &mut Chance, top: f64, color: Color, light: Color) {
    let mut way = format!("M0 {HEIGHT}");
    let mut windows = String::new();
    let mut x = 0.0;
    while x < WIDTH {
        let (width, height) = (chance.between(18.0, 36.0), chance.between(4.0, 46.0));
        let eaves = top + 12.0 - height;
        let peak = if chance.percent(70) { 10.0 } else { 0.0 };
        for point in [
            Point(x, eaves),
            Point(x + width / 2.0, eaves - peak),
            Point(x + width, eaves),
        ] {
            way += &format!("L{point}");
        }
        if chance.percent(45) {
            let window = Point(x + width / 2.0 - 2.0, eaves + 5.0);
            windows += &format!("M{window}h4v6h-4z");
        }
        x += width;
    }
    canvas.path(&format!("{way}V{HEIGHT}z"), color);
    canvas.path(&windows, light);
}

/// One thing to look at.
fn landmark(
    canvas: &mut Canvas,
    chance: &mut Chance,
    movie: &Movie,
    land: Land,
    top: f64,
    palette: &Palette,
) {
    let at = Point(chance.between(50.0, 190.0), top + 8.0);
    let dark = palette.near.darker(0.15);
    let flies = !movie.vehicles.is_empty() || chance.percent(20);
    match land {
        Land::Sea => boat(canvas, at, palette, dark),
        _ if flies => glider(canvas, chance, palette, dark),
        Land::Town => tower(canvas, at, palette, dark),
        Land::Fields | Land::Hills if chance.percent(60) => tree(canvas, chance, at, dark),
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

fn glider(canvas: &mut Canvas, chance: &mut Chance, palette: &Palette, dark: Color) {
    let at = Point(chance.between(60.0, 170.0), chance.between(60.0, 130.0));
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

fn tree(canvas: &mut Canvas, chance: &mut Chance, at: Point, dark: Color) {
    let Point(x, y) = at;
    let size = chance.between(20.0, 34.0);
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

/// Grass at one's feet.
fn foreground(canvas: &mut Canvas, chance: &mut Chance, palette: &Palette) {
    let dark = palette.near.darker(0.35);
    let mut way = format!("M0 {HEIGHT}V306");
    let mut x = 0.0;
    while x < WIDTH {
        let width = chance.between(9.0, 24.0);
        let tip = Point(
            x + width / 2.0 + chance.between(-4.0, 4.0),
            chance.between(288.0, 303.0),
        );
        way += &format!("L{tip}L{}", Point(x + width, 308.0));
        x += width;
    }
    canvas.path(&format!("{way}V{HEIGHT}z"), dark);
}
