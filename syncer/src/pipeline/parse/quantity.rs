//! Reads quantities: numbers in the source's form (`1,000`, `12.5`), and those in other forms whose
//! meaning is certain. Any other text is no quantity, never a wrong number.

use std::str::FromStr;
use std::sync::LazyLock;

use jiff::SignedDuration;
use jiff::fmt::strtime;
use jiff::fmt::temporal::Pieces;
use regex::Regex;

/// The units that a number may have, in lower case.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    None,
    Feet,
    Minutes,
    Percent,
    /// Of the common era.
    Year,
}

/// A quantity that was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quantity<T> {
    pub(super) value: T,
    /// Whether it was in the source's own form.
    pub(super) is_usual: bool,
}

/// A number of 0 or more, which may have decimals.
pub(super) fn decimal(text: &str, unit: Unit) -> Option<Quantity<f64>> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits && text.len() <= MAX_EXACT_DIGITS && !text.starts_with('0') {
        // Nearly all: a million records have no time for patterns.
        let value = text.parse().ok()?;
        let is_usual = true;
        return Some(Quantity { value, is_usual });
    }
    let plain = plain(text);
    let (number, is_exact) = match without_approximation(&plain) {
        Some(number) => (number, false),
        None => (plain.as_str(), true),
    };
    let quantity = FORMS.iter().find_map(|form| form.read(number, unit))?;
    Some(Quantity {
        is_usual: quantity.is_usual && is_exact && plain == text,
        ..quantity
    })
}

/// A whole number.
pub(super) fn whole<T: FromStr>(text: &str, unit: Unit) -> Option<Quantity<T>> {
    let number = decimal(text, unit)?;
    let value = number.value.to_string().parse().ok()?;
    Some(Quantity {
        value,
        is_usual: number.is_usual && text.bytes().all(|byte| byte != b'.'),
    })
}

/// A number of minutes, or a duration of whole minutes, such as `2h 4min`.
pub(super) fn minutes(text: &str) -> Option<Quantity<u16>> {
    whole(text, Unit::Minutes).or_else(|| {
        // There a comma separates decimals or units.
        let text = Some(plain(text)).filter(|text| !text.contains(','))?;
        let duration: SignedDuration = text.parse().ok()?;
        let is_whole = duration == SignedDuration::from_mins(duration.as_mins());
        let value = u16::try_from(duration.as_mins()).ok();
        unusual(value.filter(|_| is_whole)?)
    })
}

/// The shortest and the longest year that is not an abbreviation or a date.
const YEARS: std::ops::RangeInclusive<u16> = 1000..=9999;

/// Dates with a full year, beside ISO 8601.
const DATE_FORMATS: [&str; 13] = [
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y年%m月%d日",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%d %B %Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%a, %d %b %Y %T %z",
];

/// Months with a full year.
const MONTH_FORMATS: [&str; 5] = ["%Y-%m", "%Y/%m", "%Y年%m月", "%B %Y", "%b %Y"];

/// A year, or that of a date.
pub(super) fn year(text: &str) -> Option<Quantity<u16>> {
    let number = whole(text, Unit::Year).filter(|year| YEARS.contains(&year.value));
    number.or_else(|| {
        let plain = plain(text);
        let dates = DATE_FORMATS.iter().filter_map(|format| {
            let date = strtime::parse(format, &plain).ok()?;
            Some(date.to_date().ok()?.year())
        });
        let months = MONTH_FORMATS.iter().filter_map(|format| {
            let month = strtime::parse(format, &plain).ok()?;
            month.year()
        });
        let iso = Pieces::parse(&plain).ok().map(|date| date.date().year());
        let years = iso.into_iter().chain(dates).chain(months);
        let mut years = years.filter_map(|year| u16::try_from(year).ok());
        unusual(years.find(|year| YEARS.contains(year))?)
    })
}

// An `Option`, for the ends of functions that may fail.
#[expect(clippy::unnecessary_wraps, reason = "it ends functions that may fail")]
fn unusual<T>(value: T) -> Option<Quantity<T>> {
    Some(Quantity {
        value,
        is_usual: false,
    })
}

impl Unit {
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Feet => &["ft", "feet", "foot", "'"],
            Self::Minutes => &["min", "mins", "minute", "minutes", "m", "'", "分", "分間"],
            Self::Percent => &["%", "percent", "per cent", "pct", "/100", "/ 100"],
            Self::Year => &["ad", "ce", "年"],
        }
    }
}

/// A form of numbers.
struct NumberForm {
    /// Sign, number and the rest.
    pattern: LazyLock<Regex>,
    decimal_separator: char,
    is_usual: bool,
}

/// Commas group three digits; one that does not separates decimals. Points separate decimals; only
/// several of them, or one before a decimal comma, group digits.
static FORMS: [NumberForm; 3] = [
    NumberForm {
        pattern: LazyLock::new(|| form(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")),
        decimal_separator: '.',
        is_usual: true,
    },
    NumberForm {
        pattern: LazyLock::new(|| {
            form(r"[1-9]\d{0,2}(?:[ ']\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?[eE][+-]?\d+|\d+\.|\.\d+")
        }),
        decimal_separator: '.',
        is_usual: false,
    },
    NumberForm {
        pattern: LazyLock::new(|| {
            form(r"[1-9]\d{0,2}(?:\.\d{3}){2,}|[1-9]\d{0,2}(?:[. ']\d{3})+,\d+|\d+,\d+")
        }),
        decimal_separator: ',',
        is_usual: false,
    },
];

#[expect(clippy::unwrap_used, reason = "the patterns are constant")]
fn form(number: &str) -> Regex {
    Regex::new(&format!(r"^(\+?)({number})(\D.*)?$")).unwrap()
}

/// A number with more can be rounded.
const MAX_EXACT_DIGITS: usize = 15;

impl NumberForm {
    /// A number with an optional unit.
    fn read(&self, text: &str, unit: Unit) -> Option<Quantity<f64>> {
        let captures = self.pattern.captures(text)?;
        let part = |at| captures.get(at).map_or("", |part| part.as_str());
        let (sign, number, rest) = (part(1), part(2), part(3));
        let name = rest.trim().trim_end_matches('.').to_lowercase();
        if !rest.is_empty() && !unit.names().contains(&name.as_str()) {
            return None;
        }
        let is_digit = |c: char| c.is_ascii_digit() || matches!(c, 'e' | 'E' | '+' | '-');
        let digits = number.chars().filter_map(|c| match c {
            _ if c == self.decimal_separator => Some('.'),
            _ => Some(c).filter(|c| is_digit(*c)),
        });
        let digits: String = digits.collect();
        let value: f64 = digits.parse().ok()?;
        let has_zeros = number.len() > 1 && number.starts_with('0') && !number.starts_with("0.");
        // A point before three digits groups them elsewhere.
        let decimals = number.split_once('.').map_or("", |(_, decimals)| decimals);
        let is_ambiguous = decimals.len() == 3 && !number.contains(',');
        let is_usual = self.is_usual
            && !has_zeros
            && !is_ambiguous
            && digits.len() <= MAX_EXACT_DIGITS
            && sign.is_empty()
            && rest.is_empty();
        value.is_finite().then_some(Quantity { value, is_usual })
    }
}

/// The number after a word for "about".
fn without_approximation(text: &str) -> Option<&str> {
    const WORDS: [&str; 12] = [
        "~",
        "≈",
        "approximately",
        "approx.",
        "approx",
        "about",
        "around",
        "circa",
        "ca.",
        "ca ",
        "c.",
        "約",
    ];
    let number = WORDS.iter().find_map(|word| {
        let start = text.get(..word.len())?;
        let is_word = start.eq_ignore_ascii_case(word);
        text.get(word.len()..).filter(|_| is_word)
    });
    number.map(str::trim_start)
}

/// The zeros of other scripts; the digits 1 to 9 follow each.
const ZEROS: [char; 36] = [
    '٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '෦', '๐', '໐', '༠', '၀', '႐', '០',
    '᠐', '᥆', '᧐', '᪀', '᪐', '᭐', '᮰', '᱀', '᱐', '꘠', '꣐', '꤀', '꧐', '꧰', '꩐', '꯰', '０',
];

/// A text with ASCII digits and signs, simple spaces, and without invisible characters.
pub(super) fn plain(text: &str) -> String {
    let plain: String = text.chars().filter_map(plain_char).collect();
    plain.trim().to_owned()
}

fn plain_char(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(if c.is_ascii_whitespace() { ' ' } else { c });
    }
    if is_invisible(c) {
        return None;
    }
    let digit = ZEROS.iter().find_map(|zero| {
        let value = u32::from(c).checked_sub(u32::from(*zero))?;
        char::from_digit(value, 10)
    });
    Some(match c {
        _ if c.is_whitespace() => ' ',
        '\u{2212}' => '-',
        '٪' => '%',
        '٫' => '.',
        '٬' => ',',
        '’' | '′' => '\'',
        '〜' | '∼' => '~',
        // The full-width forms of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => digit.unwrap_or(c),
    })
}

/// Whether a character shows nothing: zero-width spaces, marks of direction, byte order marks.
pub(super) const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
