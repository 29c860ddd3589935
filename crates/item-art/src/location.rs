//! A place is a map: land rises in steps, its water covers as much as the source says, and a
//! dot stands for everyone who lives there.

use common::models::Location;

use super::canvas::{Canvas, Point, count, round, soft};
use super::chance::Chance;
use super::color::Color;

const WIDTH: f64 = 240.0;
const STEPS: usize = 5;
/// The most people that are marked on a map.
const MARKED: usize = 8;

pub(super) fn draw(canvas: &mut Canvas, chance: &mut Chance, location: &Location) {
    let (low, high) = tints(chance, location);
    let water = Color(0x6f_a9b8).toward(low, chance.between(0.0, 0.25));
    let covered = f64::from(location.surface_water_percent.unwrap_or(20).min(100)) / 100.0;
    let island = covered > 0.5;
    let ground = if island { water } else { low };
    canvas.fade(ground.lighter(0.1), ground);
    let middle = Point(chance.between(85.0, 155.0), chance.between(65.0, 95.0));
    let reach = if island {
        118.0 - 70.0 * covered
    } else {
        chance.between(70.0, 90.0)
    };
    land(canvas, chance, middle, reach, (low, high));
    if island {
        let side = if middle.0 < WIDTH / 2.0 { 1.0 } else { -1.0 };
        let islet = Point(
            middle.0 + side * (reach * 1.25 + 26.0),
            chance.between(30.0, 130.0),
        );
        land(canvas, chance, islet, 15.0, (low, high));
    } else {
        river(canvas, chance, water, 3.0 + 22.0 * covered);
    }
    if is(location.terrain.as_deref(), "city") {
        streets(canvas, chance, middle, high.darker(0.2));
    }
    marks(canvas, chance, location.residents.len(), middle);
    grid(canvas);
}

fn is(word: Option<&str>, wanted: &str) -> bool {
    word.is_some_and(|word| word.to_lowercase().contains(wanted))
}

/// The colours of the lowest and the highest land.
fn tints(chance: &mut Chance, location: &Location) -> (Color, Color) {
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
    let named = terrains
        .iter()
        .find(|(word, ..)| is(location.terrain.as_deref(), word));
    let (_, low, high) = *named.unwrap_or_else(|| chance.pick(&terrains));
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
        .find(|(word, _)| is(location.climate.as_deref(), word));
    let part = chance.between(0.06, 0.2);
    match climate {
        Some((_, color)) => (
            low.toward(Color(*color), 0.3),
            high.toward(Color(*color), part),
        ),
        None => (low.lighter(part), high),
    }
}

/// Land in steps, each inside the one below it.
fn land(
    canvas: &mut Canvas,
    chance: &mut Chance,
    middle: Point,
    reach: f64,
    (low, high): (Color, Color),
) {
    let turn = chance.between(0.0, 1.0);
    let bumps: Vec<f64> = (0..9).map(|_| chance.between(0.7, 1.25)).collect();
    let drift = (chance.between(-14.0, 14.0), chance.between(-9.0, 9.0));
    for step in 0..STEPS {
        let part = count(step) / count(STEPS - 1);
        let size = reach * (1.0 - 0.82 * part);
        let points: Vec<Point> = bumps
            .iter()
            .enumerate()
            .map(|(place, bump)| {
                let angle = (count(place) / count(bumps.len()) + turn) * std::f64::consts::TAU;
                let size = size * (bump + chance.between(-0.08, 0.08));
                Point(
                    middle.0 + drift.0 * part + size * 1.25 * angle.cos(),
                    middle.1 + drift.1 * part + size * 0.8 * angle.sin(),
                )
            })
            .collect();
        canvas.path(&round(&points), low.darker(0.05).toward(high, part));
    }
}

fn river(canvas: &mut Canvas, chance: &mut Chance, color: Color, width: f64) {
    let (from, to) = (chance.between(10.0, 150.0), chance.between(10.0, 150.0));
    let points: Vec<Point> = (0..6)
        .map(|step| {
            let x = -20.0 + 56.0 * count(step);
            let y = from + (to - from) * count(step) / 5.0;
            Point(x, y + chance.between(-26.0, 26.0))
        })
        .collect();
    canvas.line(&soft(&points), color, width);
}

fn streets(canvas: &mut Canvas, chance: &mut Chance, middle: Point, color: Color) {
    let mut way = String::new();
    for street in 0..4 {
        let step = chance.between(11.0, 17.0) * (count(street) - 1.5);
        let (half, third) = (chance.between(24.0, 42.0), chance.between(16.0, 28.0));
        way += &format!(
            "M{}h{}",
            Point(middle.0 - half, middle.1 + step),
            (half * 2.0).round()
        );
        way += &format!(
            "M{}v{}",
            Point(middle.0 + step * 1.4, middle.1 - third),
            (third * 2.0).round()
        );
    }
    canvas.line(&way, color, 1.4);
}

fn marks(canvas: &mut Canvas, chance: &mut Chance, residents: usize, middle: Point) {
    for _ in 0..residents.min(MARKED) {
        let at = Point(
            middle.0 + chance.between(-46.0, 46.0),
            middle.1 + chance.between(-28.0, 28.0),
        );
        canvas.circle(at, 4.0, Color(0xff_fbf0));
        canvas.circle(at, 2.4, Color(0xa8_3f2a));
    }
}

fn grid(canvas: &mut Canvas) {
    canvas.veiled(0.2, |canvas| {
        canvas.line(
            "M60 0V160M120 0V160M180 0V160M0 53H240M0 107H240",
            Color(0x1c_2b2d),
            0.7,
        );
    });
}
