//! Buildings.

use crate::canvas::Sketch;
use crate::canvas::{fill, line};
use crate::color::Tone::{Accent, Dark, Light, Mid};

pub(crate) static SKY_CASTLE: Sketch = &[
    line(
        Dark,
        3.0,
        "M-36-18C-40 4-34 16-40 30M-14-4C-18 16-10 26-14 42M12-4C10 16 18 24 12 38M36-20C40-4 34 10 38 22",
    ),
    fill(Dark, "M-70-54C-62-16-26 4 0 6C28 2 62-18 70-54Z"),
    fill(Mid, "M-74-54C-44-68 44-68 74-54C44-40-44-40-74-54Z"),
    fill(
        Mid,
        "M-40-96C-56-118-32-144-10-136C0-156 38-152 36-130C56-124 52-96 32-92C8-84-24-86-40-96Z",
    ),
    line(Dark, 8.0, "M0-66V-104M0-84L-18-104M0-80L18-106"),
    fill(
        Light,
        "M-56-56V-84H-48V-76H-36V-98H-26V-78H-16V-88H16V-78H26V-98H36V-76H48V-84H56V-56C30-48-30-48-56-56Z",
    ),
    line(Accent, 10.0, "M0-58v-6"),
    line(Dark, 4.5, "M-42-66v3M-22-68v3M0-76v6M22-68v3M42-66v3"),
];

pub(crate) static WALKING_CASTLE: Sketch = &[
    line(
        Dark,
        6.0,
        "M-34-38L-50-20L-40-2H-54M-10-36L-16-16L-4 0H-18M20-36L34-20L26-2H40M44-42L58-24L52-4H64",
    ),
    fill(
        Mid,
        "M-56-42L-64-76L-48-80L-52-106L-30-100L-26-126L-6-122L-2-96L16-112L38-106L36-82L60-78L66-50L40-36L-34-34Z",
    ),
    fill(
        Dark,
        "M-30-100L-26-126L-16-142L-6-122L-2-96ZM16-112L27-132L38-106ZM-66-76L-56-94L-46-80ZM48-78V-100H56V-78Z",
    ),
    fill(Accent, "M-20-80H14V-60H-20ZM36-72H52V-58H36Z"),
    line(Light, 5.0, "M-14-110v4M26-98v4M-40-90v4"),
    line(Light, 4.0, "M-12-74v8M-3-74v8M6-74v8M44-68v5"),
    line(
        Dark,
        3.0,
        "M-54-52C-20-42 30-42 60-54M-46-66H-28M-58-64L-80-70V-56M-2-96L36-82",
    ),
    line(Light, 16.0, "M54-112h0"),
    line(Light, 22.0, "M64-126h0"),
    line(Light, 28.0, "M80-144h0"),
];

pub(crate) static BATHHOUSE: Sketch = &[
    fill(Dark, "M46-30V-136H56V-30Z"),
    fill(Dark, "M-48 0V-32H62V0Z"),
    fill(Accent, "M-40-44V-66H40V-44ZM-28-80V-100H28V-80Z"),
    fill(
        Dark,
        "M-68-30C-56-34-52-42-50-48H50C52-42 56-34 68-30ZM-56-64C-46-68-42-76-40-82H40C42-76 46-68 56-64ZM-44-98C-34-102-28-112 0-126C28-112 34-102 44-98Z",
    ),
    line(
        Light,
        7.0,
        "M-34-55h0M-17-55h0M0-55h0M17-55h0M34-55h0M-18-90h0M0-90h0M18-90h0M-34-16h0M-17-16h0M34-16h0M50-16h0",
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
    fill(
        Dark,
        "M-58-44V-78L-34-104L-10-78V-84L16-110L42-84V-70H60V-44Z",
    ),
    fill(
        Mid,
        "M-66-74L-34-108L-2-74L-8-72L-34-98L-60-72ZM-16-80L16-116L50-80L44-78L16-106L-10-78Z",
    ),
    fill(Dark, "M-50-92V-112H-42V-98ZM34-96V-116H42V-88Z"),
    line(
        Light,
        7.0,
        "M-44-66v4M-24-66v4M6-74v4M26-74v4M6-56v4M26-56v4",
    ),
    line(Light, 5.0, "M-34-84h0M16-92h0"),
    line(Mid, 3.0, "M-70-40H72M-56-34H50M-40-28H64"),
    fill(Dark, "M-14-6C-2-2 34-2 48-8C44 6-4 8-14-6Z"),
    line(Dark, 2.0, "M14-24L34 6M6-4V-20M6-24h0"),
    line(Dark, 8.0, "M8-24h0"),
    line(
        Dark,
        2.5,
        "M-72 16C-70-14-74-30-68-50M-64 16C-62-10-56-24-58-40M-80 16C-82-8-88-20-86-36M66 16C66-8 72-22 70-40M76 16C78-4 84-14 86-28",
    ),
    line(
        Accent,
        7.0,
        "M-68-54V-66M-58-44V-54M-86-40V-50M70-44V-54M87-32V-40",
    ),
];

pub(crate) static HOUSE: Sketch = &[
    fill(Dark, "M-40 2V-44H-50L0-88L50-44H40V2ZM20-84H32V-66H20Z"),
    line(Light, 10.0, "M-18-30v6M18-30v6"),
    fill(Accent, "M-8 2V-18H8V2Z"),
];

pub(crate) static LIGHTHOUSE: Sketch = &[
    fill(Light, "M-18 2L-12-96H12L18 2Z"),
    fill(
        Accent,
        "M-17-16L-16-36H16L17-16ZM-15-56L-14-76H14L15-56ZM-14-112L0-128L14-112Z",
    ),
    fill(Dark, "M-18-92H18V-98H-18ZM-10-98V-112H10V-98Z"),
    line(Light, 7.0, "M0-105h0"),
];
