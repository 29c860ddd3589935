//! Things.

use crate::canvas::Sketch;
use crate::canvas::{fill, line};
use crate::color::Tone::{Accent, Dark, Light, Mid};

pub(crate) static HAT: Sketch = &[
    fill(
        Dark,
        "M-74-8c26-14 38-18 42-20l24-90c8-22 40-18 54 6-14-4-22 6-20 16l10 68c8 2 18 6 38 20-26 18-122 18-148 0z",
    ),
    fill(
        Accent,
        "M-32-28l5-18c17 8 41 8 60 0l3 18c-20 10-50 10-68 0z",
    ),
    line(Light, 3.0, "M-4-42h14v14h-14z"),
    line(Light, 4.0, "M-6-84h0m14-16h0m6 34h0m-28 6h0"),
    line(
        Light,
        2.0,
        "M-58-96v16m-8-8h16m108 12v12m-6-6h12m-116-62v10m-5-5h10",
    ),
];

pub(crate) static BOOK: Sketch = &[
    fill(
        Dark,
        "M-78-10v-66c32-14 60-8 78 4 18-12 46-18 78-4v66c-32-12-60-6-78 6-18-12-46-18-78-6z",
    ),
    fill(
        Light,
        "M-72-20v-62c28-12 54-6 72 6v62c-18-12-44-18-72-6zm144 0v-62c-28-12-54-6-72 6v62c18-12 44-18 72-6z",
    ),
    line(
        Mid,
        2.5,
        "M0-76v62m-60-58c18-6 36-4 50 4m-50 8c18-6 36-4 50 4m-50 8c18-6 36-4 50 4m-50 8c18-6 36-4 50 4m70-40c-18-6-36-4-50 4m50 8c-18-6-36-4-50 4m50 8c-18-6-36-4-50 4",
    ),
    fill(Accent, "M40-90v38l6-6 6 6v-36z"),
    line(
        Accent,
        4.0,
        "M-30-104c-10-18 16-24 8-42m26 48c-12-20 16-28 6-52m24 44c-8-14 12-22 6-36",
    ),
    line(Light, 6.0, "M-22-152h0m32-6h0m30 8h0m-90 22h0m108 2h0"),
];
