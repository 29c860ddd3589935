//! Vehicles.

use crate::canvas::Sketch;
use crate::canvas::{fill, line};
use crate::color::Tone::{Accent, Dark, Light, Mid};

pub(crate) static SEAPLANE: Sketch = &[
    fill(
        Accent,
        "M-74-62C-36-72 44-78 90-62C96-58 94-54 88-52C72-40 34-34-2-40L-76-56Z",
    ),
    fill(Accent, "M-74-60L-90-94H-70L-48-64ZM-84-70H-46V-63H-82Z"),
    fill(Light, "M-74-60C-26-64 54-64 92-58L90-53C54-58-26-58-76-56Z"),
    line(Dark, 4.0, "M-2-94L8-68M36-94L28-68"),
    fill(Dark, "M-4-118H36L48-112L36-104H-4Z"),
    fill(
        Accent,
        "M-22-102H60C68-102 68-90 60-90H-22C-28-90-28-102-22-102Z",
    ),
    line(Light, 2.0, "M-12-96H54"),
    line(Dark, 3.0, "M50-132V-92"),
    fill(Dark, "M44-76C48-86 62-86 66-74Z"),
    line(Dark, 3.0, "M18-40L22-26M42-42L38-26"),
    fill(Accent, "M4-28H50C58-28 56-18 48-16H14C6-18 2-24 4-28Z"),
];

pub(crate) static GLIDER: Sketch = &[
    fill(
        Light,
        "M-104-66C-60-92-30-92-10-86L-6-112C-2-124 8-124 11-112L14-88C40-98 70-106 104-104C106-98 104-94 98-92C70-86 40-72 15-64L12-34L32-22V-15L6-22L-22-12V-19L-3-34L-8-62C-40-66-70-58-98-56C-106-58-106-63-104-66Z",
    ),
    fill(Mid, "M-8-62L-6-78L14-82L15-64L12-34L-3-34Z"),
    fill(Accent, "M-3-34L12-34L32-22V-15L6-22L-22-12V-19Z"),
    line(Accent, 11.0, "M-72-70h0M74-92h0"),
    line(Dark, 3.0, "M-18-118C-2-126 10-126 22-120"),
    fill(Dark, "M-3-94C-2-104 8-104 9-94L6-88H-1Z"),
];

pub(crate) static AIRSHIP: Sketch = &[
    fill(
        Dark,
        "M-74-62L-104-90H-82L-60-72ZM-74-58L-104-34H-82L-60-52Z",
    ),
    fill(Mid, "M-86-60C-62-98 46-104 92-62C48-26-60-26-86-60Z"),
    fill(Light, "M-62-74C-30-96 40-94 70-72C36-84-30-84-62-74Z"),
    line(
        Dark,
        2.0,
        "M-46-82C-52-66-52-54-46-40M0-90C-4-68-4-50 0-34M44-84C50-68 50-54 44-40",
    ),
    fill(Dark, "M-40-34H48L38-16H-28Z"),
    line(Light, 4.0, "M-24-26h0M-10-26h0M4-26h0M18-26h0M32-26h0"),
];

pub(crate) static BOAT: Sketch = &[
    fill(Dark, "M-50-22H52L38 2H-36Z"),
    fill(Light, "M4-26V-112L48-34ZM-4-30V-98L-38-34Z"),
    line(Dark, 3.0, "M0-22V-118"),
    fill(Accent, "M0-118L22-112L0-104ZM-46-22H48L45-16H-43Z"),
];

pub(crate) static TRAIN: Sketch = &[
    fill(
        Accent,
        "M-100 0V-38C-100-44-96-48-90-48H-8C-4-48-2-46-2-42V0Z",
    ),
    fill(Accent, "M4 0V-42C4-46 6-48 10-48H72C90-48 100-30 102-12V0Z"),
    fill(
        Light,
        "M-92-38H-74V-22H-92ZM-66-38H-48V-22H-66ZM-40-38H-22V-22H-40ZM14-38H32V-22H14ZM40-38H58V-22H40ZM68-38H76C84-36 88-30 90-22H68Z",
    ),
    line(Light, 2.0, "M-98-12H-4M6-12H98"),
    line(Dark, 12.0, "M-82 2h0M-22 2h0M22 2h0M82 2h0"),
    line(Dark, 2.5, "M-112 9H116"),
];

pub(crate) static CAR: Sketch = &[
    fill(
        Accent,
        "M-66-8C-68-24-62-32-48-34L-36-38L-22-60C-18-64-12-66-6-66H20C28-66 32-62 36-58L50-38C62-36 68-28 68-8Z",
    ),
    fill(
        Light,
        "M-28-40L-16-56C-14-59-12-60-8-60H2V-40ZM8-60H18C24-60 28-56 30-54L38-40H8Z",
    ),
    line(Dark, 24.0, "M-38-8h0M40-8h0"),
    line(Light, 9.0, "M-38-8h0M40-8h0"),
    line(Light, 5.0, "M62-24h0"),
];
