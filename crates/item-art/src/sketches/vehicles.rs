//! Vehicles.

use crate::canvas::Sketch;
use crate::canvas::{fill, line};
use crate::color::Tone::{Accent, Dark, Light, Mid};

pub(crate) static SEAPLANE: Sketch = &[
    fill(
        Accent,
        "M-74-62c38-10 118-16 164 0 6 4 4 8-2 10-16 12-54 18-90 12l-74-16z",
    ),
    fill(Accent, "M-74-60l-16-34h20l22 30zm-10-10h38v7h-36z"),
    fill(Light, "M-74-60c48-4 128-4 166 2l-2 5c-36-5-116-5-166-3z"),
    line(Dark, 4.0, "M-2-94l10 26m28-26-8 26"),
    fill(Dark, "M-4-118h40l12 6-12 8h-40z"),
    fill(Accent, "M-22-102h82c8 0 8 12 0 12h-82c-6 0-6-12 0-12z"),
    line(Light, 2.0, "M-12-96h66"),
    line(Dark, 3.0, "M50-132v40"),
    fill(Dark, "M44-76c4-10 18-10 22 2z"),
    line(Dark, 3.0, "M18-40l4 14m20-16-4 16"),
    fill(Accent, "M4-28h46c8 0 6 10-2 12h-34c-8-2-12-8-10-12z"),
];

pub(crate) static GLIDER: Sketch = &[
    fill(
        Light,
        "M-104-66c44-26 74-26 94-20l4-26c4-12 14-12 17 0l3 24c26-10 56-18 90-16 2 6 0 10-6 12-28 6-58 20-83 28l-3 30 20 12v7l-26-7-28 10v-7l19-15-5-28c-32-4-62 4-90 6-8-2-8-7-6-10z",
    ),
    fill(Mid, "M-8-62l2-16 20-4 1 18-3 30-15 0z"),
    fill(Accent, "M-3-34l15 0 20 12v7l-26-7-28 10v-7z"),
    line(Accent, 11.0, "M-72-70h0M74-92h0"),
    line(Dark, 3.0, "M-18-118c16-8 28-8 40-2"),
    fill(Dark, "M-3-94c1-10 11-10 12 0l-3 6h-7z"),
];

pub(crate) static AIRSHIP: Sketch = &[
    fill(Dark, "M-74-62l-30-28h22l22 18zm0 4-30 24h22l22-18z"),
    fill(Mid, "M-86-60c24-38 132-44 178-2-44 36-152 36-178 2z"),
    fill(Light, "M-62-74C-30-96 40-94 70-72C36-84-30-84-62-74Z"),
    line(
        Dark,
        2.0,
        "M-46-82c-6 16-6 28 0 42m46-50c-4 22-4 40 0 56m44-50c6 16 6 30 0 44",
    ),
    fill(Dark, "M-40-34H48L38-16H-28Z"),
    line(Light, 4.0, "M-24-26h0m14 0h0m14 0h0m14 0h0m14 0h0"),
];

pub(crate) static BOAT: Sketch = &[
    fill(Dark, "M-50-22H52L38 2H-36Z"),
    fill(Light, "M4-26v-86l44 78zm-8-4v-68l-34 64z"),
    line(Dark, 3.0, "M0-22v-96"),
    fill(Accent, "M0-118l22 6-22 8zm-46 96h94l-3 6h-88z"),
];

pub(crate) static TRAIN: Sketch = &[
    fill(Accent, "M-100 0v-38c0-6 4-10 10-10h82c4 0 6 2 6 6v42z"),
    fill(Accent, "M4 0v-42c0-4 2-6 6-6h62c18 0 28 18 30 36v12z"),
    fill(
        Light,
        "M-92-38h18v16h-18zm26 0h18v16h-18zm26 0h18v16h-18zm54 0h18v16h-18zm26 0h18v16h-18zm28 0h8c8 2 12 8 14 16h-22z",
    ),
    line(Light, 2.0, "M-98-12h94m10 0h92"),
    line(Dark, 12.0, "M-82 2h0m60 0h0m44 0h0m60 0h0"),
    line(Dark, 2.5, "M-112 9h228"),
];

pub(crate) static CAR: Sketch = &[
    fill(
        Accent,
        "M-66-8c-2-16 4-24 18-26l12-4 14-22c4-4 10-6 16-6h26c8 0 12 4 16 8l14 20c12 2 18 10 18 30z",
    ),
    fill(
        Light,
        "M-28-40l12-16c2-3 4-4 8-4h10v20zm36-20h10c6 0 10 4 12 6l8 14h-30z",
    ),
    line(Dark, 24.0, "M-38-8h0m78 0h0"),
    line(Light, 9.0, "M-38-8h0m78 0h0"),
    line(Light, 5.0, "M62-24h0"),
];
