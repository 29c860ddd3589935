//! The land, water or air around a motif: a part behind it and a part in front of it.

use common::models::Location;

use crate::canvas::Point;
use crate::painter::Painter;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    Clouds,
    Hills,
    Peaks,
    Forest,
    Sea,
    SeaTown,
    Underwater,
    Town,
    Fields,
    Grass,
    Marsh,
    Bamboo,
    Blossom,
    River,
}

/// Words of a terrain.
const TERRAINS: [(&str, Ground); 8] = [
    ("mountain", Ground::Peaks),
    ("hill", Ground::Hills),
    ("forest", Ground::Forest),
    ("river", Ground::River),
    ("ocean", Ground::Sea),
    ("city", Ground::Town),
    ("plain", Ground::Fields),
    ("marsh", Ground::Marsh),
];

impl Ground {
    /// The ground of a place, if its terrain is known.
    pub(crate) fn of(location: &Location) -> Option<Self> {
        let terrain = location.terrain.as_deref()?.to_lowercase();
        let known = TERRAINS.iter().find(|(word, _)| terrain.contains(word));
        known.map(|(_, ground)| *ground)
    }

    /// The part of the height at which a motif stands, or floats.
    pub(crate) fn level(self, is_afloat: bool) -> f64 {
        match self {
            _ if is_afloat => 0.68,
            // At the surface.
            Self::Underwater => 0.125,
            Self::Bamboo => 0.9,
            Self::Marsh => 0.72,
            Self::Sea => 0.8,
            _ => 0.84,
        }
    }
}

impl Painter<'_> {
    pub(crate) fn behind(&mut self, ground: Ground) {
        let (width, height) = self.size();
        if ground != Ground::Underwater {
            self.sky();
        }
        match ground {
            Ground::Clouds => {
                for (x, y, size) in [(0.1, 0.2, 0.5), (0.85, 0.34, 0.6), (0.2, 0.62, 0.8)] {
                    self.cloud(Point(x * width, y * height), size, 0.55);
                }
                self.bank(0.9, 0.6);
            }
            Ground::Hills => {
                self.disc(0.27, 0.24, 0.12);
                self.ridge(0.6, 26.0, 0.1);
                self.ridge(0.7, 20.0, 0.4);
                self.ridge(0.82, 12.0, 0.7);
            }
            Ground::Peaks => {
                self.cloud(Point(0.25 * width, 0.2 * height), 0.6, 0.9);
                self.peaks(0.58, 0.1);
                self.ridge(0.7, 16.0, 0.35);
                self.ridge(0.82, 10.0, 0.65);
            }
            Ground::Forest => {
                self.trunks(0.15, 9.0, 0.78);
                self.trunks(0.5, 15.0, 0.86);
                self.canopy();
                self.ridge(0.82, 8.0, 0.7);
            }
            Ground::Sea => {
                self.disc(0.24, 0.2, 0.09);
                self.cloud(Point(0.66 * width, 0.3 * height), 0.5, 0.9);
                self.islands();
                self.water(0.66);
            }
            Ground::SeaTown => {
                self.cloud(Point(0.2 * width, 0.2 * height), 0.6, 0.9);
                self.cloud(Point(0.75 * width, 0.3 * height), 0.4, 0.9);
                self.water(0.76);
                self.roofs(0.84, 0.55);
            }
            Ground::Underwater => self.depths(),
            Ground::Town => {
                self.disc(0.26, 0.2, 0.08);
                self.roofs(0.6, 0.15);
                self.roofs(0.72, 0.5);
                self.ridge(0.86, 3.0, 0.85);
            }
            Ground::Fields => {
                self.cloud(Point(0.3 * width, 0.24 * height), 0.6, 0.9);
                self.ridge(0.64, 10.0, 0.1);
                self.ridge(0.72, 5.0, 0.35);
                self.furrows(0.74);
            }
            Ground::Grass => {
                self.ridge(0.72, 8.0, 0.3);
                self.blades(0.84, 0.5);
            }
            Ground::Marsh => {
                self.disc(0.3, 0.2, 0.08);
                self.ridge(0.6, 6.0, 0.1);
                self.water(0.64);
            }
            Ground::Bamboo => {
                self.disc(0.62, 0.22, 0.15);
                self.stalks();
                self.ridge(0.88, 5.0, 0.6);
            }
            Ground::Blossom => {
                self.branch();
                self.ridge(0.84, 2.0, 0.25);
            }
            Ground::River => {
                self.disc(0.2, 0.18, 0.07);
                self.ridge(0.62, 18.0, 0.1);
                self.roofs(0.74, 0.4);
                self.water(0.82);
            }
        }
    }

    pub(crate) fn in_front(&mut self, ground: Ground) {
        let (width, height) = self.size();
        match ground {
            Ground::Clouds => self.bank(0.97, 0.0),
            Ground::Bamboo => {
                let (left, right) = (0.04 * width, 0.97 * width);
                let path = format!("M{left:.0} 0V{height}M{right:.0} 0V{height}");
                self.canvas.line(&path, self.palette.near_land, 16.0);
                self.blades(0.97, 1.0);
            }
            Ground::Sea | Ground::River | Ground::Marsh => self.swell(0.92),
            Ground::Underwater => self.weeds(),
            Ground::SeaTown | Ground::Town => self.roofs(0.95, 1.0),
            Ground::Blossom => {}
            _ => self.blades(0.95, 1.0),
        }
    }
}
