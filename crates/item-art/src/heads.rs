//! Heads of animals and other beings: portraits around an origin at the middle of the lower edge,
//! about 130 units wide and 150 high, y upwards negative. `Mid` is the fur or the mane, `Accent` the
//! colour of the eyes.

use crate::canvas::Sketch;
use crate::canvas::{fill, line};
use crate::color::Tone::{Accent, Dark, Ink, Light, Mid};

pub(crate) static CAT: Sketch = &[
    fill(Dark, "M-56 0C-56-34-36-48-22-50H22C36-48 56-34 56 0Z"),
    fill(
        Mid,
        "M-52-82C-58-108-54-132-46-146L-20-124C-6-128 6-128 20-124L46-146C54-132 58-108 52-82C46-50 22-36 0-36C-22-36-46-50-52-82Z",
    ),
    fill(
        Light,
        "M-43-132L-25-120C-34-114-40-108-45-102ZM43-132L25-120C34-114 40-108 45-102Z",
    ),
    fill(Light, "M-18-54C-16-68 16-68 18-54C12-40-12-40-18-54Z"),
    line(Light, 27.0, "M-22-88h0M22-88h0"),
    line(Accent, 21.0, "M-22-88h0M22-88h0"),
    line(Ink, 6.0, "M-22-94v12M22-94v12"),
    fill(Ink, "M-6-66h12l-6 6z"),
    line(Ink, 2.2, "M0-60v4M-10-52C-6-48-2-50 0-55C2-50 6-48 10-52"),
    line(
        Dark,
        1.8,
        "M-26-60L-62-68M-26-55L-64-53M26-60L62-68M26-55L64-53M-8-122v14M0-124v17M8-122v14",
    ),
];

pub(crate) static DEER: Sketch = &[
    line(
        Dark,
        6.0,
        "M-12-112C-22-124-42-124-46-150M-28-124L-58-130M-40-132L-30-150M12-112C22-124 42-124 46-150M28-124L58-130M40-132L30-150",
    ),
    fill(Mid, "M-34 0C-30-30-22-44-20-64H20C22-44 30-30 34 0Z"),
    fill(Light, "M-14 0C-14-20-10-34-8-50H8C10-34 14-20 14 0Z"),
    fill(
        Mid,
        "M-20-98C-40-116-62-110-68-102C-56-88-36-84-20-88ZM20-98C40-116 62-110 68-102C56-88 36-84 20-88Z",
    ),
    fill(
        Light,
        "M-26-96C-40-106-54-104-60-101C-50-93-38-90-26-91ZM26-96C40-106 54-104 60-101C50-93 38-90 26-91Z",
    ),
    fill(
        Mid,
        "M-26-98C-30-76-18-50-13-40C-6-30 6-30 13-40C18-50 30-76 26-98C18-118-18-118-26-98Z",
    ),
    fill(Light, "M-13-46C-10-56 10-56 13-46C10-32-10-32-13-46Z"),
    line(Ink, 15.0, "M-20-82h0M20-82h0"),
    line(Accent, 11.0, "M-20-82h0M20-82h0"),
    line(Ink, 4.5, "M-20-82h0M20-82h0"),
    fill(Ink, "M-8-50h16l-8 8z"),
    line(Ink, 2.0, "M0-42v5"),
];

pub(crate) static WOLF: Sketch = &[
    fill(
        Mid,
        "M-66 0C-70-30-58-40-62-58L-46-52L-44-72H44L46-52L62-58C58-40 70-30 66 0Z",
    ),
    fill(Light, "M-34 0L-26-24L-14-16L0-40L14-16L26-24L34 0Z"),
    fill(
        Mid,
        "M-50-82L-50-142L-20-118C-8-122 8-122 20-118L50-142L50-82L64-66L40-62C28-52 18-46 12-36C6-28-6-28-12-36C-18-46-28-52-40-62L-64-66Z",
    ),
    fill(Dark, "M-44-126L-26-112L-42-98ZM44-126L26-112L42-98Z"),
    fill(
        Light,
        "M-40-66C-24-74-12-66-8-76H8C12-66 24-74 40-66C28-54 18-46 12-36C6-28-6-28-12-36C-18-46-28-54-40-66Z",
    ),
    fill(
        Ink,
        "M-34-88L-12-80C-16-72-28-74-34-88ZM34-88L12-80C16-72 28-74 34-88Z",
    ),
    line(Accent, 7.5, "M-21-80h0M21-80h0"),
    line(Ink, 2.6, "M-21-80h0M21-80h0"),
    fill(Ink, "M-9-50C-6-54 6-54 9-50L0-40Z"),
    line(Ink, 2.0, "M0-40V-36"),
];

pub(crate) static DRAGON: Sketch = &[
    line(
        Dark,
        5.0,
        "M-18-118C-24-136-38-142-44-152M-30-134L-42-132M18-118C24-136 38-142 44-152M30-134L42-132",
    ),
    fill(
        Mid,
        "M-24-116C-52-126-70-100-62-84C-74-74-72-54-60-48C-66-34-58-10-48 0H48C58-10 66-34 60-48C72-54 74-74 62-84C70-100 52-126 24-116Z",
    ),
    fill(Light, "M-24 0C-22-14-18-24-16-34H16C18-24 22-14 24 0Z"),
    fill(
        Light,
        "M-36-96C-30-122 30-122 36-96C38-78 26-66 22-48C20-30-20-30-22-48C-26-66-38-78-36-96Z",
    ),
    fill(Mid, "M0-124C-10-112-8-100 0-92C8-100 10-112 0-124Z"),
    line(Ink, 16.0, "M-20-86h0M20-86h0"),
    line(Accent, 12.0, "M-20-86h0M20-86h0"),
    line(Ink, 4.0, "M-20-90v8M20-90v8"),
    line(Dark, 3.0, "M-34-100L-12-94M34-100L12-94"),
    line(Ink, 5.0, "M-8-50h0M8-50h0"),
    line(Ink, 2.2, "M-16-40C-8-34 8-34 16-40"),
    line(
        Light,
        3.0,
        "M-20-52C-40-56-44-40-62-42M20-52C40-56 44-40 62-42",
    ),
    line(Dark, 2.0, "M-12-20H12M-14-9H14"),
];

pub(crate) static ROUND_SPIRIT: Sketch = &[
    fill(
        Mid,
        "M-62 0C-72-44-56-92-32-106L-36-140C-28-148-18-134-14-111C-5-113 5-113 14-111C18-134 28-148 36-140L32-106C56-92 72-44 62 0Z",
    ),
    fill(Light, "M-46 0C-50-36-30-56 0-56C30-56 50-36 46 0Z"),
    line(
        Mid,
        4.5,
        "M-28-34l7-7 7 7M-7-39l7-7 7 7M14-34l7-7 7 7M-17-18l7-7 7 7M3-18l7-7 7 7",
    ),
    line(Light, 17.0, "M-24-88h0M24-88h0"),
    line(Accent, 10.0, "M-24-88h0M24-88h0"),
    line(Ink, 6.0, "M-24-88h0M24-88h0"),
    fill(Ink, "M-9-86C-4-90 4-90 9-86L0-79Z"),
    line(
        Ink,
        2.0,
        "M-36-76L-68-84M-36-72L-70-71M36-76L68-84M36-72L70-71M-10-70C-4-66 4-66 10-70",
    ),
];

pub(crate) static WISP: Sketch = &[
    fill(
        Mid,
        "M4-150C12-120 62-108 58-54C56-16 30 0 0 0C-30 0-58-16-58-54C-58-100-10-108 4-150Z",
    ),
    fill(
        Light,
        "M0-104C6-84 38-78 36-46C34-18 18-10 0-10C-18-10-36-18-36-46C-36-76-8-80 0-104Z",
    ),
    line(Ink, 14.0, "M-14-46h0M14-46h0"),
    line(Accent, 8.0, "M-14-46h0M14-46h0"),
    line(Ink, 2.6, "M-6-28C-2-24 2-24 6-28"),
    line(Light, 7.0, "M-62-112h0M60-126h0M-44-136h0M70-90h0"),
];

pub(crate) static ROBOT: Sketch = &[
    line(Dark, 10.0, "M-30-22L-64-8M30-22L64-8"),
    fill(Mid, "M-52 0C-52-32-34-44 0-44C34-44 52-32 52 0Z"),
    line(Dark, 4.0, "M-34-12H34M0-44V0M0-128V-146M-8-146H8"),
    fill(Dark, "M-16-42V-58H16V-42Z"),
    fill(
        Mid,
        "M-44-56V-92C-42-138 42-138 44-92V-56C24-50-24-50-44-56Z",
    ),
    fill(Light, "M-30-96C-26-122 0-126 10-124C-12-114-18-104-18-92Z"),
    line(Ink, 24.0, "M-17-86h0"),
    line(Accent, 13.0, "M-17-86h0"),
    line(Ink, 15.0, "M20-92h0"),
    line(Accent, 7.0, "M20-92h0"),
    line(Dark, 3.0, "M-22-64H22M-14-68V-60M0-68V-60M14-68V-60"),
    line(Light, 4.0, "M-38-62h0M38-62h0M-40-10h0M40-10h0"),
];

pub(crate) static PIG: Sketch = &[
    fill(Dark, "M-60 0C-58-34-38-46-24-48H24C38-46 58-34 60 0Z"),
    fill(
        Mid,
        "M-44-112L-58-138L-22-126C-8-130 8-130 22-126L58-138L44-112C58-92 54-36 0-36C-54-36-58-92-44-112Z",
    ),
    fill(Light, "M-24-66C-22-84 22-84 24-66C22-48-22-48-24-66Z"),
    line(Ink, 8.0, "M-9-67v3M9-67v3"),
    line(Ink, 11.0, "M-24-94h0M24-94h0"),
    line(Accent, 6.0, "M-24-95h0M24-95h0"),
];

pub(crate) static BIRD: Sketch = &[
    fill(
        Mid,
        "M-50 0C-56-50-40-66-36-92C-34-136 34-136 36-92C40-66 56-50 50 0Z",
    ),
    fill(Light, "M-26 0C-30-34-18-54 0-56C18-54 30-34 26 0Z"),
    line(
        Dark,
        5.0,
        "M-4-124C-10-136-8-144-2-150M4-124C6-134 10-140 16-142",
    ),
    line(Ink, 17.0, "M-16-98h0M16-98h0"),
    line(Accent, 11.0, "M-16-98h0M16-98h0"),
    line(Ink, 4.0, "M-16-98h0M16-98h0"),
    fill(Dark, "M-12-88C-6-94 6-94 12-88L0-66Z"),
    line(
        Dark,
        3.0,
        "M-44-40C-40-24-38-12-38 0M44-40C40-24 38-12 38 0",
    ),
];

/// A being of a species without a silhouette of its own.
pub(crate) static CREATURE: Sketch = &[
    fill(Mid, "M-60 0C-68-60-48-118 0-118C48-118 68-60 60 0Z"),
    fill(Light, "M-38 0C-40-32-22-48 0-48C22-48 40-32 38 0Z"),
    line(Light, 20.0, "M-20-84h0M20-84h0"),
    line(Accent, 13.0, "M-20-84h0M20-84h0"),
    line(Ink, 6.0, "M-20-84h0M20-84h0"),
    line(Ink, 2.4, "M-9-64C-4-59 4-59 9-64"),
];

/// Ears, horns, antennae or a leaf for the head of a [`CREATURE`], chosen by its species.
pub(crate) static APPENDAGES: [Sketch; 4] = [
    &[fill(Dark, "M-46-92L-54-142L-18-114ZM46-92L54-142L18-114Z")],
    &[fill(
        Dark,
        "M-30-110C-40-150-22-156-16-114ZM30-110C40-150 22-156 16-114Z",
    )],
    &[line(
        Dark,
        7.0,
        "M-26-112C-46-120-46-138-40-148M26-112C46-120 46-138 40-148",
    )],
    &[
        line(Dark, 4.0, "M0-116C-2-130 2-138 8-144"),
        fill(Accent, "M6-142C12-156 28-156 34-150C28-138 16-136 6-142Z"),
    ],
];

/// A crown for rulers, drawn over any head.
pub(crate) static CROWN: Sketch = &[
    fill(
        Light,
        "M-24-122L-28-148L-12-136L0-152L12-136L28-148L24-122Z",
    ),
    line(Dark, 3.0, "M-23-124H23"),
];
