//! The head and shoulders of a human, in a square of 160 units: face and hair follow gender and age.

use crate::canvas::{Canvas, Point};
use crate::color::{Color, INK};
use crate::face::{Face, face};
use crate::hair;
use crate::likeness::{AgeGroup, Gender, Likeness};
use crate::seeded_rng::SeededRng;

const SKIN: [Color; 4] = [
    Color(0xf6_dcc0),
    Color(0xf2_d0ac),
    Color(0xea_c096),
    Color(0xf8_e2cc),
];
const HAIR: [Color; 4] = [
    Color(0x33_2a2a),
    Color(0x6a_4630),
    Color(0xa8_703f),
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

pub(crate) fn draw(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    likeness: &Likeness,
    (gender, age_group): (Gender, AgeGroup),
) {
    let face = face(gender, age_group);
    let style = hair::style(likeness.style, gender, age_group);
    let skin = *rng.pick(&SKIN);
    let default = match age_group {
        AgeGroup::Elder => Color(0xb9_bcba),
        _ => *rng.pick(&HAIR),
    };
    let color = likeness.hair.unwrap_or(default);
    if !likeness.is_bald {
        hair::behind(canvas, &face, style, color.darker(0.22));
    }
    body(canvas, rng, &face, skin);
    head(canvas, &face, gender, age_group, skin);
    if let Some(beard) = likeness.beard {
        hair::draw_beard(canvas, &face, beard);
    }
    features(canvas, rng, likeness, &face, (gender, age_group, skin));
    if !likeness.is_bald {
        hair::in_front(canvas, &face, style, color);
    }
    if likeness.has_goggles {
        goggles(canvas, &face);
    }
}

fn body(canvas: &mut Canvas, rng: &mut SeededRng, face: &Face, skin: Color) {
    let cloth = *rng.pick(&CLOTH);
    let half = face.shoulders;
    let neck = face.middle.1 + face.radius.1;
    let path = format!(
        "M{}C{} {} {}H90C{} {} {}Z",
        Point(80.0 - half, 162.0),
        Point(80.0 - half, neck + 20.0),
        Point(80.0 - half * 0.6, neck + 12.0),
        Point(70.0, neck + 8.0),
        Point(80.0 + half * 0.6, neck + 12.0),
        Point(80.0 + half, neck + 20.0),
        Point(80.0 + half, 162.0)
    );
    canvas.path(&path, cloth);
    let throat = format!("M70 {:.0}h20v{:.0}l-10 12l-10-12Z", neck - 12.0, 22.0);
    canvas.path(&throat, skin.darker(0.14));
    let y = neck + 9.0;
    match rng.below(3) {
        0 => canvas.line(
            &format!("M{}l14 17l14-17", Point(66.0, y)),
            cloth.lighter(0.7),
            5.0,
        ),
        1 => canvas.line(
            &format!("M{}l14 17l14-17", Point(66.0, y)),
            cloth.darker(0.3),
            5.0,
        ),
        _ => canvas.line(
            &format!("M{}c8 12 22 12 30 0", Point(65.0, y)),
            cloth.lighter(0.35),
            4.0,
        ),
    }
}

fn head(canvas: &mut Canvas, face: &Face, gender: Gender, age_group: AgeGroup, skin: Color) {
    let Point(x, y) = face.middle;
    let (rx, ry) = face.radius;
    for side in [-1.0, 1.0] {
        canvas.ellipse(Point(x + side * rx, y + 4.0), (5.0, 7.0), skin.darker(0.06));
    }
    if gender == Gender::Male && matches!(age_group, AgeGroup::Adult | AgeGroup::Elder) {
        let path = format!(
            "M{}C{} {} {}C{} {} {}L{}C{} {} {}Z",
            Point(x - rx, y - 6.0),
            Point(x - rx, y - ry * 1.3),
            Point(x + rx, y - ry * 1.3),
            Point(x + rx, y - 6.0),
            Point(x + rx, y + 24.0),
            Point(x + 18.0, y + ry),
            Point(x + 9.0, y + ry),
            Point(x - 9.0, y + ry),
            Point(x - 18.0, y + ry),
            Point(x - rx, y + 24.0),
            Point(x - rx, y - 6.0)
        );
        canvas.path(&path, skin);
    } else {
        canvas.ellipse(face.middle, (rx, ry), skin);
    }
}

fn features(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    likeness: &Likeness,
    face: &Face,
    (gender, age_group, skin): (Gender, AgeGroup, Color),
) {
    let Point(x, y) = face.middle;
    let apart = face.radius.0 * 0.43;
    let line = y + if age_group == AgeGroup::Child {
        6.0
    } else {
        3.0
    };
    let brow = likeness.hair.unwrap_or(HAIR[0]).darker(0.3);
    let eyes = likeness.eyes.unwrap_or(INK);
    let eye = face.eye;
    for side in [-1.0, 1.0] {
        let at = Point(x + side * apart, line);
        canvas.ellipse(at, (eye * 0.9, eye * 1.25), INK);
        canvas.ellipse(Point(at.0, line + 0.8), (eye * 0.66, eye * 0.9), eyes);
        canvas.circle(at, eye * 0.36, INK);
        canvas.circle(
            Point(at.0 + eye * 0.4, line - eye * 0.5),
            1.2,
            Color(0xff_ffff),
        );
        let high = line - eye - if gender == Gender::Male { 5.0 } else { 7.0 };
        let width = if gender == Gender::Male { 2.6 } else { 1.5 };
        canvas.line(
            &format!("M{}c3-3 7-3 10 0", Point(at.0 - 5.0, high)),
            brow,
            width,
        );
        if gender == Gender::Female {
            let lash = Point(at.0 + side * eye * 0.8, line - eye * 0.6);
            canvas.line(&format!("M{lash}l{:.0}-3", side * 4.0), INK, 1.6);
        }
        let cheek = Point(x + side * (apart + 7.0), line + 12.0);
        if gender != Gender::Male || age_group == AgeGroup::Child {
            canvas.ellipse(cheek, (5.0, 3.2), Color(0xe0_7a6a).with_opacity(0.45));
        }
        if age_group == AgeGroup::Elder {
            let fold = Point(x + side * (apart + 8.0), line - 1.0);
            let lines = format!(
                "M{fold}l{:.0}-3M{fold}l{:.0} 3M{}c{:.0} 4 {:.0} 9 0 12",
                side * 6.0,
                side * 6.0,
                Point(x + side * 11.0, line + 11.0),
                side * 4.0,
                side * 5.0
            );
            canvas.line(&lines, skin.darker(0.3), 1.4);
        }
    }
    canvas.line(
        &format!("M{}l-2 5h4", Point(x, line + 5.0)),
        skin.darker(0.3),
        1.5,
    );
    let mouth = y + face.radius.1 * 0.58;
    let color = match (gender, age_group) {
        (Gender::Female, AgeGroup::Teen | AgeGroup::Adult) => Color(0xb8_4a4a),
        _ => skin.darker(0.55),
    };
    let smile = rng.between(1.0, 5.0).round();
    canvas.line(
        &format!("M{}c4 {smile} 8 {smile} 12 0", Point(x - 6.0, mouth)),
        color,
        2.0,
    );
}

/// Flying goggles, pushed up.
fn goggles(canvas: &mut Canvas, face: &Face) {
    let Point(x, y) = face.middle;
    let line = y - face.radius.1 * 0.72;
    let out = face.radius.0 + 2.0;
    let strap = format!(
        "M{}C{} {} {}",
        Point(x - out, line + 6.0),
        Point(x - 14.0, line - 4.0),
        Point(x + 14.0, line - 4.0),
        Point(x + out, line + 6.0)
    );
    canvas.line(&strap, Color(0x4a_3226), 8.0);
    for side in [-1.0, 1.0] {
        let lens = Point(x + side * 13.0, line);
        canvas.circle(lens, 11.5, Color(0x4a_3226));
        canvas.circle(lens, 8.5, Color(0xa8_d0d4));
        let glint = format!("M{}l5-5", Point(lens.0 - 4.0, lens.1 + 1.0));
        canvas.line(&glint, Color(0xff_ffff), 2.0);
    }
}
