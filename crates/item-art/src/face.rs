use crate::canvas::Point;
use crate::likeness::{AgeGroup, Gender};

/// The measures of a face.
pub(crate) struct Face {
    pub(crate) middle: Point,
    /// Half the width and half the height.
    pub(crate) radius: (f64, f64),
    /// Half the width of the shoulders.
    pub(crate) shoulders: f64,
    pub(crate) eye: f64,
}

/// The face of a gender and an age, in a square of 160 units.
pub(crate) fn face(gender: Gender, years: AgeGroup) -> Face {
    let (y, rx, ry, shoulders, eye) = match (years, gender) {
        (AgeGroup::Child, _) => (84.0, 35.0, 34.0, 40.0, 5.4),
        (AgeGroup::Teen, Gender::Male) => (78.0, 31.0, 36.0, 52.0, 4.6),
        (AgeGroup::Teen, _) => (78.0, 31.0, 35.0, 47.0, 5.0),
        (AgeGroup::Adult, Gender::Male) => (74.0, 30.0, 38.0, 64.0, 3.8),
        (AgeGroup::Adult, _) => (75.0, 29.0, 37.0, 52.0, 4.3),
        (AgeGroup::Elder, Gender::Male) => (77.0, 31.0, 37.0, 56.0, 3.4),
        (AgeGroup::Elder, _) => (79.0, 32.0, 35.0, 50.0, 3.6),
    };
    Face {
        middle: Point(80.0, y),
        radius: (rx, ry),
        shoulders,
        eye,
    }
}
