//! Motifs of movies and shapes of vehicles: silhouettes around an origin at the middle of their foot,
//! about 200 units wide and 160 high, y upwards negative.

mod beings;
mod objects;
mod places;
mod plants;
mod vehicles;

pub(crate) use self::beings::*;
pub(crate) use self::objects::*;
pub(crate) use self::places::*;
pub(crate) use self::plants::*;
pub(crate) use self::vehicles::*;
