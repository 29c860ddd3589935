//! Draws a vehicle from the side, in motion: its class decides the shape, its length the size, a
//! colour in its name the paint.

use common::models::Vehicle;

use crate::canvas::{Canvas, Point, Sketch, count};
use crate::color::{Color, Palette};
use crate::ground::Ground;
use crate::painter::Painter;
use crate::person;
use crate::seeded_rng::SeededRng;
use crate::sketches;

const PAINT: [Color; 6] = [
    Color(0xb5_4a36),
    Color(0x2f_6f66),
    Color(0x3d_5a8a),
    Color(0xcf_9a3a),
    Color(0x7a_8a5a),
    Color(0x8f_5a3a),
];

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Class {
    Airship,
    Plane,
    Boat,
    Rail,
    Road,
}

/// Parts of a class or a name; a longer one comes before one that it contains.
const CLASS_WORDS: [(&str, Class); 20] = [
    ("airship", Class::Airship),
    ("balloon", Class::Airship),
    ("zeppelin", Class::Airship),
    ("plane", Class::Plane),
    ("aircraft", Class::Plane),
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
    ("cart", Class::Road),
    ("car", Class::Road),
    ("bus", Class::Road),
    ("cycle", Class::Road),
];

pub(crate) fn draw(canvas: &mut Canvas, rng: &mut SeededRng, palette: &Palette, vehicle: &Vehicle) {
    let Some(class) = class(vehicle) else {
        person::background(canvas, rng, palette);
        person::monogram(canvas, palette, &vehicle.name);
        return;
    };
    let ground = match class {
        Class::Airship => Ground::Clouds,
        Class::Plane | Class::Boat => Ground::Sea,
        Class::Rail | Class::Road => Ground::Fields,
    };
    let mut painter = Painter {
        canvas: &mut *canvas,
        rng: &mut *rng,
        palette,
    };
    painter.behind(ground);
    wind(canvas, rng, palette);
    let feet = vehicle.length_feet.unwrap_or(40.0).clamp(5.0, 1000.0);
    let size = 0.55 + feet.log10() / 6.0;
    let (width, height) = canvas.size;
    let scale = size * (height / 160.0).min(width / 240.0);
    let mut tones = palette.tones();
    tones.accent = paint(rng, vehicle);
    let (sketch, level): (Sketch, f64) = match class {
        Class::Airship => (sketches::AIRSHIP, 0.5 + 0.36 * size),
        Class::Plane => (sketches::SEAPLANE, 0.52 + 0.36 * size),
        Class::Boat => (sketches::BOAT, 0.84),
        Class::Rail => (sketches::TRAIN, 0.84),
        Class::Road => (sketches::CAR, 0.86),
    };
    if class == Class::Airship {
        tones.mid = tones.accent;
        tones.dark = tones.accent.darker(0.45);
    }
    let at = Point(width / 2.0, height * level);
    canvas.sketch(sketch, at, scale, &tones);
    let mut painter = Painter {
        canvas,
        rng,
        palette,
    };
    if class == Class::Boat {
        painter.in_front(ground);
    }
}

/// The class by its word, or else by the name and the description.
pub(crate) fn class(vehicle: &Vehicle) -> Option<Class> {
    let texts = [
        vehicle.vehicle_class.as_deref(),
        Some(&*vehicle.name),
        vehicle.description.as_deref(),
    ];
    let mut known = texts.into_iter().flatten().filter_map(|text| {
        let text = text.to_lowercase();
        let known = CLASS_WORDS.iter().find(|(part, _)| text.contains(part));
        known.map(|(_, class)| *class)
    });
    known.next()
}

fn paint(rng: &mut SeededRng, vehicle: &Vehicle) -> Color {
    let mut words = vehicle.name.split(|c: char| !c.is_alphanumeric());
    let named = words.find_map(Color::from_exact_word);
    named.unwrap_or_else(|| *rng.pick(&PAINT))
}

/// Motion lines.
fn wind(canvas: &mut Canvas, rng: &mut SeededRng, palette: &Palette) {
    let (width, height) = canvas.size;
    let mut path = String::new();
    for line in 0..5 {
        let y = height * (0.14 + 0.12 * count(line)) + rng.between(-6.0, 6.0);
        let at = Point(rng.between(0.0, 0.75 * width), y);
        path += &format!("M{at}h{:.0}", rng.between(14.0, 44.0));
    }
    canvas.line(&path, palette.light.with_opacity(0.6), 1.6);
}
