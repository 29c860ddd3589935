//! Draws a person as a portrait: hair and eyes in the colours of the source. A person who is not
//! human is a creature whose shape depends on the species, so that members of one look alike.

use common::models::Person;
use xxhash_rust::xxh3::xxh3_64;

use crate::canvas::{Canvas, Point};
use crate::color::{Color, PALETTES};
use crate::seeded_rng::SeededRng;

const SKIN: [Color; 6] = [
    Color(0xf4_d9bd),
    Color(0xee_c9a4),
    Color(0xe3_b78e),
    Color(0xd3_a077),
    Color(0xb9_835c),
    Color(0xf7_e2cb),
];
const HAIR: [Color; 5] = [
    Color(0x33_2a2a),
    Color(0x6a_4630),
    Color(0xa8_703f),
    Color(0x8d_8f92),
    Color(0x56_3a4c),
];
const CLOTH: [Color; 8] = [
    Color(0x2f_6f66),
    Color(0xb8_4f3a),
    Color(0x3f_5f92),
    Color(0xd2_9b3c),
    Color(0x6d_5484),
    Color(0x47_7d4d),
    Color(0x8a_3f52),
    Color(0x47_5a64),
];

pub(crate) fn draw(canvas: &mut Canvas, rng: &mut SeededRng, person: &Person, is_human: bool) {
    let palette = rng.pick(&PALETTES);
    let ground = palette.horizon.lighter(0.15);
    canvas.gradient_background(palette.sky_top.lighter(0.25), ground);
    let halo = Point(rng.between(50.0, 110.0), rng.between(45.0, 80.0));
    canvas.with_opacity(0.5, |canvas| {
        canvas.circle(halo, rng.between(38.0, 62.0), palette.light);
    });
    let hair = color(person.hair_color.as_deref()).unwrap_or(*rng.pick(&HAIR));
    let eyes = color(person.eye_color.as_deref()).unwrap_or(Color(0x2a_2a33));
    if is_human || person.species.is_none() {
        human(canvas, rng, person, hair, eyes);
    } else {
        let species = person.species.as_deref().unwrap_or_default();
        let species_rng = SeededRng::new(xxh3_64(species.as_bytes()));
        creature(canvas, rng, species_rng, hair, eyes);
    }
}

fn color(word: Option<&str>) -> Option<Color> {
    word.and_then(Color::from_word)
}

fn human(canvas: &mut Canvas, rng: &mut SeededRng, person: &Person, hair: Color, eyes: Color) {
    let skin = *rng.pick(&SKIN);
    let cloth = *rng.pick(&CLOTH);
    let wide = rng.between(29.0, 34.0);
    let long = rng.between(33.0, 39.0);
    let face = Point(80.0, 76.0);
    let bald = person
        .hair_color
        .as_deref()
        .is_some_and(|word| matches!(word.to_lowercase().as_str(), "none" | "bald"));
    let style = rng.below(6);
    if !bald {
        back_hair(canvas, style, hair, wide);
    }
    let shoulders = rng.between(50.0, 62.0);
    canvas.path(
        &format!(
            "M{} q2-42 {} -46 h20 q{} 4 {} 46z",
            Point(80.0 - shoulders, 162.0),
            (shoulders - 10.0).round(),
            (shoulders - 12.0).round(),
            (shoulders - 10.0).round()
        ),
        cloth,
    );
    canvas.path("M69 100h22v16q-11 13-22 0z", skin.darker(0.14));
    collar(canvas, rng, cloth);
    canvas.ellipse(Point(face.0 - wide, 80.0), (6.0, 8.0), skin);
    canvas.ellipse(Point(face.0 + wide, 80.0), (6.0, 8.0), skin);
    canvas.ellipse(face, (wide, long), skin);
    features(canvas, rng, eyes, skin, hair);
    if !bald {
        fringe(canvas, rng, style, hair, wide);
    }
}

/// The hair behind the head.
fn back_hair(canvas: &mut Canvas, style: usize, hair: Color, wide: f64) {
    let shade = hair.darker(0.2);
    let back = wide + 9.0;
    match style {
        0 => canvas.ellipse(Point(80.0, 80.0), (back, 46.0), shade),
        1 => canvas.path(
            "M38 70q0-42 42-42t42 42v54q-10 12-24 6H62q-14 6-24-6z",
            shade,
        ),
        2 => {
            canvas.circle(Point(47.0, 44.0), 15.0, shade);
            canvas.circle(Point(113.0, 44.0), 15.0, shade);
        }
        3 => canvas.path("M98 44q44-8 40 34 0 24-14 34 2-32-30-46z", shade),
        4 => canvas.circle(Point(80.0, 30.0), 17.0, shade),
        _ => {}
    }
}

/// The hair over the forehead.
fn fringe(canvas: &mut Canvas, rng: &mut SeededRng, style: usize, hair: Color, wide: f64) {
    let side = (wide + 4.0).round();
    let (left, right) = (80.0 - side, 80.0 + side);
    let part = rng.between(58.0, 102.0).round();
    let depth = rng.between(52.0, 66.0).round();
    let top = rng.between(30.0, 36.0).round();
    let path = match style {
        5 => format!(
            "M{left} 78l-5-20 11 2-4-16 13 2 3-15 13 9 9-13 10 12 14-7 2 14 13-1-4 15 10-1-6 19q-6-22-14-25-34 5-52 0-6 6-8 25z"
        ),
        1 | 3 => format!(
            "M{left} 84Q{} {top} 80 {top}T{right} 84q-2-22-{} -28Q{part} {depth} {} 62 {} 66 {left} 84z",
            left - 3.0,
            (right - part - 4.0).round(),
            (part - 20.0).round(),
            left + 6.0
        ),
        _ => format!(
            "M{left} 82Q{} {top} 80 {top}T{right} 82q-3-16-9-22-12 {} -27 0-16 {} -30 1-4 6-7 21z",
            left - 2.0,
            (depth - 56.0).round(),
            (60.0 - depth).round()
        ),
    };
    canvas.path(&path, hair);
}

fn features(canvas: &mut Canvas, rng: &mut SeededRng, eyes: Color, skin: Color, hair: Color) {
    let apart = rng.between(12.0, 15.0);
    let high = rng.between(3.6, 5.2);
    for side in [-1.0, 1.0] {
        let eye = Point(80.0 + side * apart, 80.0);
        canvas.ellipse(eye, (3.6, high + 0.8), Color(0x23_2326));
        canvas.ellipse(Point(eye.0, 81.0), (2.6, high - 0.6), eyes);
        canvas.circle(Point(eye.0 + 1.0, 78.0), 1.2, Color(0xff_ffff));
        let brow = format!("M{}q5-3 10 0", Point(eye.0 - 5.0, 70.0));
        canvas.line(&brow, hair.darker(0.25), 1.6);
        canvas.with_opacity(0.5, |canvas| {
            let cheek = Point(80.0 + side * (apart + 6.0), 90.0);
            canvas.ellipse(cheek, (5.0, 3.0), Color(0xe0_8272));
        });
    }
    let smile = rng.between(-1.0, 5.0).round();
    canvas.line(&format!("M74 97q6 {smile} 12 0"), skin.darker(0.55), 1.8);
}

fn collar(canvas: &mut Canvas, rng: &mut SeededRng, cloth: Color) {
    match rng.below(3) {
        0 => canvas.path("M66 112l14 18 14-18 8 5-22 30-22-30z", cloth.lighter(0.7)),
        1 => canvas.line("M64 117q16 16 32 0", cloth.darker(0.3), 5.0),
        _ => canvas.line("M60 119q20 14 40 0", cloth.lighter(0.35), 4.0),
    }
}

fn creature(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    mut species_rng: SeededRng,
    fur: Color,
    eyes: Color,
) {
    let wide = species_rng.between(38.0, 54.0) + rng.between(-5.0, 5.0);
    let tall = species_rng.between(50.0, 66.0) + rng.between(-5.0, 5.0);
    let crown = 152.0 - tall * 1.9;
    let dark = fur.darker(0.25);
    match species_rng.below(4) {
        0 => {
            let ears = format!(
                "M{}l-8-30 26 16zM{}l8-30-26 16z",
                Point(80.0 - wide * 0.6, crown + 22.0),
                Point(80.0 + wide * 0.6, crown + 22.0)
            );
            canvas.path(&ears, dark);
        }
        1 => {
            for side in [-1.0, 1.0] {
                canvas.ellipse(
                    Point(80.0 + side * wide * 0.45, crown + 2.0),
                    (6.0, 20.0),
                    dark,
                );
            }
        }
        2 => {
            let horns = format!(
                "M{}q-22-10-20-34m14 24q-12-2-16-12M{}q22-10 20-34m-14 24q12-2 16-12",
                Point(80.0 - wide * 0.3, crown + 14.0),
                Point(80.0 + wide * 0.3, crown + 14.0)
            );
            canvas.line(&horns, dark, 5.0);
        }
        _ => canvas.line(
            &format!("M80 {}q-4-14 6-22", (crown + 8.0).round()),
            dark,
            4.0,
        ),
    }
    canvas.path(
        &format!(
            "M{} C{} {} 80 {c} S{} {} {}z",
            Point(80.0 - wide, 162.0),
            Point(80.0 - wide * 1.25, 92.0),
            Point(80.0 - wide * 0.7, crown),
            Point(80.0 + wide * 1.25, 92.0),
            Point(80.0 + wide, 162.0),
            "",
            c = crown.round()
        ),
        fur,
    );
    canvas.ellipse(
        Point(80.0, 150.0),
        (wide * 0.62, tall * 0.5),
        fur.lighter(0.45),
    );
    let apart = species_rng.between(13.0, 22.0);
    let gaze = crown + tall * 0.7;
    for side in [-1.0, 1.0] {
        let eye = Point(80.0 + side * apart, gaze);
        canvas.circle(eye, 8.0, Color(0xfb_f8ef));
        canvas.circle(eye, 5.4, eyes);
        canvas.circle(eye, 2.8, Color(0x1c_1c20));
    }
    canvas.ellipse(Point(80.0, gaze + 12.0), (5.0, 3.2), Color(0x2a_2a2e));
    let whiskers = rng.between(4.0, 9.0).round();
    canvas.line(
        &format!("M72 {y}q8 {whiskers} 16 0", y = (gaze + 20.0).round()),
        dark.darker(0.3),
        1.8,
    );
}
