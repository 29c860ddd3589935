//! Buildings.

use crate::canvas::Sketch;
use crate::canvas::{fill, line};
use crate::color::Tone::{Accent, Dark, Light, Mid};

pub(crate) static SKY_CASTLE: Sketch = &[
    line(
        Dark,
        3.0,
        "M-36-18c-4 22 2 34-4 48m26-34c-4 20 4 30 0 46m26-46c-2 20 6 28 0 42m24-58c4 16-2 30 2 42",
    ),
    fill(Dark, "M-70-54C-62-16-26 4 0 6C28 2 62-18 70-54Z"),
    fill(Mid, "M-74-54C-44-68 44-68 74-54C44-40-44-40-74-54Z"),
    fill(
        Mid,
        "M-40-96c-16-22 8-48 30-40 10-20 48-16 46 6 20 6 16 34-4 38-24 8-56 6-72-4z",
    ),
    line(Dark, 8.0, "M0-66v-38m0 20-18-20m18 24 18-26"),
    fill(
        Light,
        "M-56-56v-28h8v8h12v-22h10v20h10v-10h32v10h10v-20h10v22h12v-8h8v28c-26 8-86 8-112 0z",
    ),
    line(Accent, 10.0, "M0-58v-6"),
    line(Dark, 4.5, "M-42-66v3m20-5v3m22-11v6m22 2v3m20-1v3"),
];

pub(crate) static WALKING_CASTLE: Sketch = &[
    line(
        Dark,
        6.0,
        "M-34-38l-16 18 10 18h-14m44-34-6 20 12 16h-14m38-36 14 16-8 18h14m4-40 14 18-6 20h12",
    ),
    fill(
        Mid,
        "M-56-42l-8-34 16-4-4-26 22 6 4-26 20 4 4 26 18-16 22 6-2 24 24 4 6 28-26 14-74 2z",
    ),
    fill(
        Dark,
        "M-30-100l4-26 10-16 10 20 4 26zm46-12 11-20 11 26zm-82 36 10-18 10 14zm114-2v-22h8v22z",
    ),
    fill(Accent, "M-20-80h34v20h-34zm56 8h16v14h-16z"),
    line(Light, 5.0, "M-14-110v4m40 8v4m-66 4v4"),
    line(Light, 4.0, "M-12-74v8m9-8v8m9-8v8m38-2v5"),
    line(
        Dark,
        3.0,
        "M-54-52c34 10 84 10 114-2m-106-12h18m-30 2-22-6v14m78-40 38 14",
    ),
    line(Light, 16.0, "M54-112h0"),
    line(Light, 22.0, "M64-126h0"),
    line(Light, 28.0, "M80-144h0"),
];

pub(crate) static BATHHOUSE: Sketch = &[
    fill(Dark, "M46-30v-106h10v106z"),
    fill(Dark, "M-48 0V-32H62V0Z"),
    fill(Accent, "M-40-44v-22h80v22zm12-36v-20h56v20z"),
    fill(
        Dark,
        "M-68-30c12-4 16-12 18-18h100c2 6 6 14 18 18zm12-34c10-4 14-12 16-18h80c2 6 6 14 16 18zm12-34c10-4 16-14 44-28 28 14 34 24 44 28z",
    ),
    line(
        Light,
        7.0,
        "M-34-55h0m17 0h0m17 0h0m17 0h0m17 0h0m-52-35h0m18 0h0m18 0h0m-52 74h0m17 0h0m51 0h0m16 0h0",
    ),
    fill(Light, "M-8 0V-24H24V0Z"),
    line(
        Accent,
        5.0,
        "M-96 14C-60 2-20 6 8 0M8 0V-22M-96 4C-60-8-20-4 8-10M-78-4V10M-52-8V6M-24-6V6",
    ),
    line(Light, 12.0, "M60-140h0"),
    line(Light, 18.0, "M72-152h0"),
];

pub(crate) static MANSION: Sketch = &[
    fill(Dark, "M-58-44v-34l24-26 24 26v-6l26-26 26 26v14h18v26z"),
    fill(
        Mid,
        "M-66-74l32-34 32 34-6 2-26-26-26 26zm50-6 32-36 34 36-6 2-28-28-26 28z",
    ),
    fill(Dark, "M-50-92v-20h8v14zm84-4v-20h8v28z"),
    line(
        Light,
        7.0,
        "M-44-66v4m20-4v4m30-12v4m20-4v4m-20 14v4m20-4v4",
    ),
    line(Light, 5.0, "M-34-84h0m50-8h0"),
    line(Mid, 3.0, "M-70-40H72M-56-34H50M-40-28H64"),
    fill(Dark, "M-14-6C-2-2 34-2 48-8C44 6-4 8-14-6Z"),
    line(Dark, 2.0, "M14-24L34 6M6-4V-20M6-24h0"),
    line(Dark, 8.0, "M8-24h0"),
    line(
        Dark,
        2.5,
        "M-72 16c2-30-2-46 4-66m4 66c2-26 8-40 6-56m-22 56c-2-24-8-36-6-52m152 52c0-24 6-38 4-56m6 56c2-20 8-30 10-44",
    ),
    line(
        Accent,
        7.0,
        "M-68-54v-12m10 22v-10m-28 14v-10m156 6v-10m17 22v-8",
    ),
];

pub(crate) static HOUSE: Sketch = &[
    fill(Dark, "M-40 2V-44H-50L0-88L50-44H40V2ZM20-84H32V-66H20Z"),
    line(Light, 10.0, "M-18-30v6m36-6v6"),
    fill(Accent, "M-8 2V-18H8V2Z"),
];

pub(crate) static LIGHTHOUSE: Sketch = &[
    fill(Light, "M-18 2l6-98h24l6 98z"),
    fill(
        Accent,
        "M-17-16l1-20h32l1 20zm2-40 1-20h28l1 20zm1-56 14-16 14 16z",
    ),
    fill(Dark, "M-18-92h36v-6h-36zm8-6v-14h20v14z"),
    line(Light, 7.0, "M0-105h0"),
];
