//! Draws a movie as a poster: its motif in a landscape, and its original title from the top down.

use common::models::{Catalogue, Facts, Kind, Movie};

use crate::canvas::{Canvas, Point};
use crate::color::{Color, Palette};
use crate::ground::Ground;
use crate::motif::{self, Motif};
use crate::painter::Painter;
use crate::seeded_rng::SeededRng;
use crate::title;

/// The width for which sketches are made.
const SKETCH_WIDTH: f64 = 212.0;
/// The height above the foot.
const SKETCH_HEIGHT: f64 = 168.0;

pub(crate) struct PosterArt<'a> {
    pub(crate) movie: &'a Movie,
    pub(crate) palette: &'a Palette,
    pub(crate) motif: Motif,
    pub(crate) companion: Option<Motif>,
    pub(crate) ground: Ground,
}

impl<'a> PosterArt<'a> {
    pub(crate) fn of(
        catalogue: &Catalogue,
        rng: &mut SeededRng,
        (hash, movie): (u64, &'a Movie),
        palette: &'a Palette,
    ) -> Self {
        let (motif, companion) = motif::of(catalogue, hash, movie);
        let own = motif.scene().ground;
        let grounds = [Ground::Hills, Ground::Peaks, Ground::Fields, Ground::Sea];
        let ground = own
            .or_else(|| ground_of_places(catalogue, movie))
            .unwrap_or_else(|| *rng.pick(&grounds));
        Self {
            movie,
            palette,
            motif,
            companion,
            ground,
        }
    }
}

/// The ground of the first place whose terrain is known.
fn ground_of_places(catalogue: &Catalogue, movie: &Movie) -> Option<Ground> {
    let mut places = movie.locations.iter().take(8);
    places.find_map(|id| {
        let place = catalogue.get(Kind::Location, id)?;
        match &place.facts {
            Facts::Location(location) => Ground::of(location),
            _ => None,
        }
    })
}

pub(crate) fn draw(canvas: &mut Canvas, rng: &mut SeededRng, poster: &PosterArt<'_>) {
    let palette = poster.palette;
    let scene = poster.motif.scene();
    let slip = match canvas.is_textless() {
        true => None,
        false => title::Slip::of(poster.movie, canvas.size.1),
    };
    let mut painter = Painter {
        canvas: &mut *canvas,
        rng: &mut *rng,
        palette,
    };
    painter.behind(poster.ground);

    let (width, height) = canvas.size;
    let free = width - slip.as_ref().map_or(0.0, title::Slip::width);
    let foot = height * poster.ground.level(scene.is_afloat);
    let scale = ((free + 10.0) / SKETCH_WIDTH).min(foot / SKETCH_HEIGHT);
    let at = Point(free / 2.0, foot);
    let mut tones = palette.tones();
    if let Some(color) = named_color(poster.movie) {
        tones.accent = color;
    }
    if let Some(companion) = poster.companion {
        let scene = companion.scene();
        let place = match scene.is_afloat {
            true => Point(free * 0.24, height * 0.26),
            false => Point(free * 0.14, height * poster.ground.level(false) + 6.0),
        };
        canvas.sketch(scene.sketch, place, scale * 0.36, &tones);
    }
    canvas.sketch(scene.sketch, at, scale, &tones);
    let mut painter = Painter {
        canvas: &mut *canvas,
        rng,
        palette,
    };
    painter.in_front(poster.ground);
    if let Some(slip) = slip {
        slip.draw(canvas, palette);
    }
}

/// The colour that a title names: *The Red Turtle*.
fn named_color(movie: &Movie) -> Option<Color> {
    let mut words = movie.title.split(|c: char| !c.is_alphanumeric());
    words.find_map(Color::from_exact_word)
}
