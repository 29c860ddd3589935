use std::fmt;

/// An RGB colour: `0xrrggbb`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Color(pub(crate) u32);

impl Color {
    /// A mix with another colour: 0 is this one, 1 the other.
    pub(crate) fn mixed_with(self, other: Self, part: f64) -> Self {
        let part = part.clamp(0.0, 1.0);
        let mix = |shift: u32| {
            let (from, to) = (self.channel(shift), other.channel(shift));
            byte(from + (to - from) * part) << shift
        };
        Self(mix(16) | mix(8) | mix(0))
    }

    pub(crate) fn lighter(self, part: f64) -> Self {
        self.mixed_with(Self(0xff_ffff), part)
    }

    pub(crate) fn darker(self, part: f64) -> Self {
        self.mixed_with(Self(0x0a_1418), part)
    }

    /// The luma: 0 is black, 1 white.
    pub(crate) fn brightness(self) -> f64 {
        (0.3 * self.channel(16) + 0.59 * self.channel(8) + 0.11 * self.channel(0)) / 255.0
    }

    fn channel(self, shift: u32) -> f64 {
        f64::from((self.0 >> shift) & 0xff)
    }

    /// Translucent: 0 is invisible, 1 opaque.
    pub(crate) fn with_opacity(self, opacity: f64) -> Paint {
        Paint {
            color: self,
            alpha: byte(opacity.clamp(0.0, 1.0) * 255.0).to_le_bytes()[0],
        }
    }

    /// The colour of this name.
    pub(crate) fn from_exact_word(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        let (_, color) = COLOR_WORDS.iter().find(|(known, _)| *known == word)?;
        Some(Self(*color))
    }

    /// The colour that a text such as "light brown" names; of several, the first.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        let named = COLOR_WORDS
            .iter()
            .filter_map(|(part, color)| Some((word.find(part)?, color)));
        let (_, color) = named.min_by_key(|(place, _)| *place)?;
        let color = Self(*color);
        Some(if word.contains("light") {
            color.lighter(0.3)
        } else if word.contains("dark") {
            color.darker(0.3)
        } else {
            color
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mix of two bytes is in their range"
)]
fn byte(number: f64) -> u32 {
    number.round() as u32
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:06x}", self.0)
    }
}

/// A colour, perhaps translucent.
#[derive(Clone, Copy)]
pub(crate) struct Paint {
    pub(crate) color: Color,
    pub(crate) alpha: u8,
}

impl From<Color> for Paint {
    fn from(color: Color) -> Self {
        Self {
            color,
            alpha: u8::MAX,
        }
    }
}

impl fmt::Display for Paint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.color)?;
        if self.alpha < u8::MAX {
            write!(f, "{:02x}", self.alpha)?;
        }
        Ok(())
    }
}

/// The role of a colour in a sketch.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Dark,
    Mid,
    Light,
    Accent,
    Ink,
}

/// The colours of a sketch.
#[derive(Clone, Copy)]
pub(crate) struct Tones {
    pub(crate) dark: Color,
    pub(crate) mid: Color,
    pub(crate) light: Color,
    pub(crate) accent: Color,
}

/// Nearly black, for pupils and noses.
pub(crate) const INK: Color = Color(0x1c_1c20);

impl Tones {
    pub(crate) fn color(&self, tone: Tone) -> Color {
        match tone {
            Tone::Dark => self.dark,
            Tone::Mid => self.mid,
            Tone::Light => self.light,
            Tone::Accent => self.accent,
            Tone::Ink => INK,
        }
    }
}

/// A longer word comes before one that it contains.
const COLOR_WORDS: [(&str, u32); 27] = [
    ("black", 0x2a_2a33),
    ("reddish brown", 0x8a_3f2a),
    ("brown", 0x7a_4b2c),
    ("chestnut", 0x7a_3b22),
    ("hazel", 0x8a_6a34),
    ("grey", 0x9a_a0a2),
    ("gray", 0x9a_a0a2),
    ("silver", 0xb9_c0c4),
    ("white", 0xf2_efe6),
    ("dirty blond", 0xb8_945a),
    ("blond", 0xe3_be6a),
    ("yellow", 0xec_c64a),
    ("gold", 0xd9_a83c),
    ("orange", 0xd9_7a36),
    ("peach", 0xe8_a282),
    ("auburn", 0x8e_3f26),
    ("crimson", 0xa8_2a32),
    ("red", 0xb4_4632),
    ("rosso", 0xb4_4632),
    ("pink", 0xe0_97a4),
    ("purple", 0x7a_5a96),
    ("violet", 0x7a_5a96),
    ("cyan", 0x3f_a9b4),
    ("blue", 0x4a_7fae),
    ("emerald", 0x2f_9a68),
    ("green", 0x4f_8a5e),
    ("beige", 0xd8_c29a),
];

/// The colours of a scene.
pub(crate) struct Palette {
    /// The top of the sky.
    pub(crate) sky_top: Color,
    /// The sky at the horizon.
    pub(crate) horizon: Color,
    /// Sun, moon, clouds, windows.
    pub(crate) light: Color,
    /// The distant land.
    pub(crate) far_land: Color,
    /// The land in the foreground.
    pub(crate) near_land: Color,
    /// The colour of highlights.
    pub(crate) accent: Color,
}

impl Palette {
    const fn new([sky_top, horizon, light, far_land, near_land, accent]: [u32; 6]) -> Self {
        Self {
            sky_top: Color(sky_top),
            horizon: Color(horizon),
            light: Color(light),
            far_land: Color(far_land),
            near_land: Color(near_land),
            accent: Color(accent),
        }
    }

    /// Whether it is dark enough for stars.
    pub(crate) fn is_night(&self) -> bool {
        self.sky_top.brightness() < 0.3
    }

    /// The colours of a sketch in this scene.
    pub(crate) fn tones(&self) -> Tones {
        Tones {
            dark: self.near_land,
            mid: self.far_land.mixed_with(self.near_land, 0.4),
            light: self.light,
            accent: self.accent,
        }
    }
}

/// The palettes of all drawings; each has a distinct sky.
pub(crate) static PALETTES: [Palette; 16] = [
    // Morning.
    Palette::new([
        0x7f_bfd2, 0xf6_e7c8, 0xff_f6dc, 0x9f_c3b3, 0x1f_5a4f, 0xc8_5232,
    ]),
    // Noon.
    Palette::new([
        0x2f_86c4, 0xc4_e6ea, 0xff_ffff, 0x6f_b39a, 0x1e_5a48, 0xd8_452f,
    ]),
    // Dusk.
    Palette::new([
        0x3a_4a7c, 0xf0_a07c, 0xff_d9a0, 0x8a_6f93, 0x23_264a, 0xe8_b04a,
    ]),
    // Blue night.
    Palette::new([
        0x0d_1b3a, 0x3f_659c, 0xf4_ecc8, 0x34_507a, 0x08_1226, 0xe8_c454,
    ]),
    // Autumn.
    Palette::new([
        0xd6_7a48, 0xf8_dfb2, 0xff_f0c9, 0xc9_8a5a, 0x5a_2a20, 0x8a_2f24,
    ]),
    // Rain.
    Palette::new([
        0x5f_7781, 0xc8_d2cf, 0xf2_f4ee, 0x7d_979a, 0x22_393f, 0xb8_4a3a,
    ]),
    // Cherry blossom.
    Palette::new([
        0xe0_9aac, 0xfb_eadd, 0xff_f8ef, 0xc7_9aa8, 0x4b_3550, 0xb0_3a5a,
    ]),
    // Sea.
    Palette::new([
        0x1f_7f9d, 0xb4_e2da, 0xff_f6d8, 0x4f_a3a8, 0x0e_3f55, 0xd8_4a34,
    ]),
    // Deep forest.
    Palette::new([
        0x12_312f, 0x6a_9a64, 0xf2_e09b, 0x2f_6450, 0x07_1a18, 0xd8_9a3a,
    ]),
    // Gold.
    Palette::new([
        0xe0_a838, 0xfb_eebf, 0xff_fbe6, 0xc2_a04e, 0x4d_4a1e, 0xc0_5a24,
    ]),
    // Embers.
    Palette::new([
        0x33_2632, 0xb8_523c, 0xff_cf8a, 0x6d_3f45, 0x16_1018, 0xd8_3a2a,
    ]),
    // Winter.
    Palette::new([
        0x9d_b6d0, 0xee_f3f6, 0xff_ffff, 0xb0_c3d3, 0x3f_5670, 0xb0_4a4a,
    ]),
    // Violet night.
    Palette::new([
        0x24_1f52, 0x9a_6698, 0xf7_dcc4, 0x5a_4a88, 0x14_1230, 0xe0_785a,
    ]),
    // Spring.
    Palette::new([
        0x7a_b05a, 0xf1_f0c4, 0xff_fdec, 0x8a_b86c, 0x25_5230, 0xd8_5a3a,
    ]),
    // Sunset.
    Palette::new([
        0xa8_3a38, 0xf6_c088, 0xff_e8b4, 0xb0_5a4a, 0x3a_1626, 0xf0_c050,
    ]),
    // Paper.
    Palette::new([
        0xe2_d4b6, 0xf8_f1df, 0xff_fcf2, 0xb4_a68a, 0x4a_4034, 0xb8_4232,
    ]),
];
