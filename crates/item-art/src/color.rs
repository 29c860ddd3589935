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

    /// The colour that a text such as "light brown" names.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        let (_, color) = COLOR_WORDS.iter().find(|(part, _)| word.contains(part))?;
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

const COLOR_WORDS: [(&str, u32); 19] = [
    ("black", 0x2a_2a33),
    ("brown", 0x7a_4b2c),
    ("chestnut", 0x7a_3b22),
    ("hazel", 0x8a_6a34),
    ("grey", 0x9a_a0a2),
    ("gray", 0x9a_a0a2),
    ("silver", 0xb9_c0c4),
    ("white", 0xf2_efe6),
    ("blond", 0xe3_be6a),
    ("yellow", 0xec_c64a),
    ("gold", 0xd9_a83c),
    ("orange", 0xd9_7a36),
    ("auburn", 0x8e_3f26),
    ("red", 0xb4_4632),
    ("pink", 0xe0_97a4),
    ("purple", 0x7a_5a96),
    ("blue", 0x4a_7fae),
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
}

impl Palette {
    const fn new(sky_top: u32, horizon: u32, light: u32, far_land: u32, near_land: u32) -> Self {
        Self {
            sky_top: Color(sky_top),
            horizon: Color(horizon),
            light: Color(light),
            far_land: Color(far_land),
            near_land: Color(near_land),
        }
    }

    /// Whether it is dark enough for stars.
    pub(crate) fn is_night(&self) -> bool {
        self.sky_top.brightness() < 0.3
    }
}

pub(crate) static PALETTES: [Palette; 14] = [
    Palette::new(0x7f_bfd2, 0xf6_e7c8, 0xff_f6dc, 0x9f_c3b3, 0x1f_5a4f),
    Palette::new(0x3f_96c8, 0xc4_e6ea, 0xff_ffff, 0x7f_b7a3, 0x1e_6245),
    Palette::new(0x3a_4a7c, 0xf0_a07c, 0xff_d9a0, 0x8a_6f93, 0x23_264a),
    Palette::new(0x0d_1b3a, 0x3a_5a8a, 0xf4_ecc8, 0x34_507a, 0x0a_1526),
    Palette::new(0xd6_8a58, 0xf8_dfb2, 0xff_f0c9, 0xc9_8a5a, 0x5a_2a20),
    Palette::new(0x6f_8791, 0xc8_d2cf, 0xee_f2ec, 0x7d_979a, 0x22_393f),
    Palette::new(0xe3_adb9, 0xfb_eadd, 0xff_f8ef, 0xc7_9aa8, 0x4b_3550),
    Palette::new(0x2d_7f9d, 0xbf_e6dc, 0xff_f6d8, 0x4f_a3a8, 0x0e_3f55),
    Palette::new(0x12_312f, 0x5a_8560, 0xf2_d76b, 0x2c_5a4a, 0x08_1c1b),
    Palette::new(0xe0_ae48, 0xfb_eebf, 0xff_fbe6, 0xc2_a04e, 0x4d_4a1e),
    Palette::new(0x4b_3b47, 0xc9_7052, 0xff_cf8a, 0x6d_4a4f, 0x1d_1820),
    Palette::new(0x9d_b6d0, 0xee_f3f6, 0xff_ffff, 0xb0_c3d3, 0x3f_5670),
    Palette::new(0x24_2a52, 0x8f_5f8a, 0xf7_d7c4, 0x4f_4478, 0x14_1530),
    Palette::new(0x86_b36a, 0xf1_f0c4, 0xff_fdec, 0x96_bd7c, 0x2b_5a36),
];
