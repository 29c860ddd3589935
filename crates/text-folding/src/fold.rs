use deunicode::deunicode_char;
use icu_properties::props::{
    DefaultIgnorableCodePoint, GeneralCategory, IndicSyllabicCategory, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A folded character, and the bytes of the original text that it comes from.
#[derive(Clone, Copy, Debug)]
pub struct FoldedChar {
    /// The character.
    pub char: char,
    /// Whether it is a vowel with a macron.
    pub is_long: bool,
    /// Where the original begins.
    pub start: usize,
    /// Where the original ends, with its marks and invisible characters.
    pub end: usize,
}

/// Folds a text into `folded`, which is overwritten: NFKC, lower case, no nonspacing marks but those
/// that are letters, no invisible characters, hiragana for katakana, ASCII for Latin letters and for
/// digits.
pub fn fold(text: &str, folded: &mut Vec<FoldedChar>) {
    folded.clear();
    let mut chars = text.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        let mut end = start + first.len_utf8();
        while let Some((at, next)) = chars.next_if(|(_, next)| extends_cluster(*next)) {
            end = at + next.len_utf8();
        }
        if is_simple(first) && end == start + first.len_utf8() {
            folded.push(FoldedChar {
                char: first.to_ascii_lowercase(),
                is_long: false,
                start,
                end,
            });
        } else if let Some(cluster) = text.get(start..end) {
            fold_cluster(first, cluster, start, folded);
        }
    }
}

/// Whether folding a lone character at most lowers its case: ASCII, hiragana and the unified
/// ideographs.
const fn is_simple(c: char) -> bool {
    matches!(c, '\0'..='\u{7f}' | '\u{3041}'..='\u{3096}' | '\u{4e00}'..='\u{9fff}')
}

/// Whether a character belongs to the cluster of the one before it.
fn extends_cluster(c: char) -> bool {
    !is_simple(c)
        && (is_combining_mark(c)
            || is_invisible(c)
            || matches!(c, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}'))
}

fn fold_cluster(first: char, cluster: &str, start: usize, folded: &mut Vec<FoldedChar>) {
    let end = start + cluster.len();
    let before = folded.len();
    let mut push = |char| {
        folded.push(FoldedChar {
            char,
            is_long: false,
            start,
            end,
        });
    };
    if is_apostrophe(first) {
        // Some are letters, and some decompose into a space with a mark.
        return push('\'');
    }
    if matches!(first, '™' | '℠') {
        // Signs, no letters of the word before.
        return push(first);
    }
    if first != FRACTION_SLASH && cluster.nfkd().any(|c| c == FRACTION_SLASH) {
        // `8½` is not `81/2`.
        push(' ');
    }
    let bare = cluster.nfkd().filter(|c| !is_dropped(*c));
    let lower = bare.nfc().flat_map(char::to_lowercase);
    lower.flat_map(plain).for_each(push);
    if let [only] = &mut folded[before..] {
        let has_macron = cluster.nfkd().any(|c| c == '\u{304}');
        only.is_long = has_macron && matches!(only.char, 'a' | 'e' | 'i' | 'o' | 'u');
    }
}

const FRACTION_SLASH: char = '\u{2044}';

/// Apostrophes, and the signs and letters that stand for one.
pub const fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '`'
            | '´'
            | '\u{2b9}'..='\u{2bf}'
            | '\u{55a}'
            | '\u{5f3}'
            | '\u{2018}'..='\u{201b}'
            | '\u{2032}'
            | '\u{2035}'
            | '\u{a78b}'
            | '\u{a78c}'
            | '\u{ff07}'
    )
}

/// Soft hyphens, joiners, marks of direction, variation selectors and the like.
fn is_invisible(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether a character of a decomposed text is no letter: it is invisible, a mark, or lengthens an
/// Arabic word.
fn is_dropped(c: char) -> bool {
    const TATWEEL: char = '\u{640}';
    if c.is_ascii() {
        return false;
    }
    match CodePointMapData::<GeneralCategory>::new().get(c) {
        GeneralCategory::EnclosingMark => true,
        GeneralCategory::NonspacingMark => !is_letter_mark(c),
        _ => c == TATWEEL || is_invisible(c),
    }
}

/// Whether a nonspacing mark is a letter or makes another one: the voicing of kana, and the vowels,
/// stacked consonants and nasals of Indic scripts. Their tones, nuktas and accents are not.
fn is_letter_mark(c: char) -> bool {
    use IndicSyllabicCategory as Category;
    let is_voicing = matches!(c, '\u{3099}' | '\u{309a}');
    let category = CodePointMapData::<Category>::new().get(c);
    is_voicing
        || !matches!(
            category,
            Category::Other
                | Category::Nukta
                | Category::ToneMark
                | Category::CantillationMark
                | Category::GeminationMark
                | Category::ConsonantKiller
                | Category::RegisterShifter
                | Category::SyllableModifier
        )
}

/// Hiragana for katakana, ASCII for other Latin letters and for digits, and one letter for those
/// that keyboards confuse.
fn plain(c: char) -> impl Iterator<Item = char> {
    let ascii = match c {
        'ə' | 'ǝ' => "e",
        _ => latin_in_ascii(c).unwrap_or_default(),
    };
    let one = match c {
        '\u{30a1}'..='\u{30f6}' | '\u{30fd}' | '\u{30fe}' => {
            char::from_u32(u32::from(c) - 0x60).unwrap_or(c)
        }
        'ς' => 'σ',
        'ґ' => 'г',
        'ٱ' => 'ا',
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        'ة' | 'ہ' | 'ھ' | 'ە' | 'ۃ' => 'ه',
        _ => digit_in_ascii(c).unwrap_or(c),
    };
    let one = ascii.is_empty().then_some(one);
    one.into_iter()
        .chain(ascii.chars().map(|c| c.to_ascii_lowercase()))
}

fn latin_in_ascii(c: char) -> Option<&'static str> {
    let is_latin = || CodePointMapData::<Script>::new().get(c) == Script::Latin;
    let is_other = !c.is_ascii() && c.is_alphabetic() && is_latin();
    let ascii = deunicode_char(c).filter(|_| is_other);
    ascii.filter(|ascii| ascii.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// Unicode has the digits of each script in order, from zero.
fn digit_in_ascii(c: char) -> Option<char> {
    let is_digit = |c: &char| {
        CodePointMapData::<GeneralCategory>::new().get(*c) == GeneralCategory::DecimalNumber
    };
    if c.is_ascii() || !is_digit(&c) {
        return None;
    }
    let smaller = ('\0'..c).rev().take_while(is_digit).count() % 10;
    char::from_digit(u32::try_from(smaller).ok()?, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simple_character_folds_as_by_the_full_rules() {
        for c in ('\0'..='\u{ffff}').filter(|c| is_simple(*c) && !is_apostrophe(*c)) {
            let mut folded = Vec::new();
            fold_cluster(c, &c.to_string(), 0, &mut folded);
            let folded: Vec<_> = folded.iter().map(|c| (c.char, c.is_long)).collect();
            assert_eq!(folded, [(c.to_ascii_lowercase(), false)]);
        }
    }

    #[test]
    fn the_digits_of_every_script_fold_to_ascii() {
        let digits = ('\0'..=char::MAX).filter(|c| {
            CodePointMapData::<GeneralCategory>::new().get(*c) == GeneralCategory::DecimalNumber
        });
        let mut folded = Vec::new();
        let values = digits.map(|digit| {
            fold(&digit.to_string(), &mut folded);
            let [only] = &folded[..] else {
                return None;
            };
            only.char.to_digit(10)
        });
        let values: Vec<_> = values.collect();
        assert!(values.len() > 700);
        for script in values.chunks(10) {
            assert!(script.iter().copied().eq((0..10).map(Some)), "{script:?}");
        }
    }
}
