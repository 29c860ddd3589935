use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A folded character, and the bytes of the original text that it was made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glyph {
    pub(super) char: char,
    /// Whether it is a vowel that stood under a macron.
    pub(super) long: bool,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// A run of glyphs that belong together.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) glyphs: Range<usize>,
    /// Whether its script sets no spaces between words.
    pub(super) wide: bool,
    /// Whether only a hyphen or a full stop stands between the word before and this one.
    pub(super) joined: bool,
}

/// Folds case, accents, width and kana: NFKC, lower case, no accents, hiragana for katakana.
pub(super) fn fold(text: &str, glyphs: &mut Vec<Glyph>) {
    glyphs.clear();
    let mut chars = text.char_indices().peekable();
    while let Some((from, first)) = chars.next() {
        let mut to = from + first.len_utf8();
        while let Some((at, next)) = chars.next_if(|(_, next)| continues(*next)) {
            to = at + next.len_utf8();
        }
        if is_simple(first) && to == from + first.len_utf8() {
            glyphs.push(Glyph {
                char: first.to_ascii_lowercase(),
                long: false,
                from,
                to,
            });
        } else if let Some(cluster) = text.get(from..to) {
            fold_cluster(cluster, from, glyphs);
        }
    }
}

/// Whether a character that stands alone only needs its case folded: ASCII, and most of Japanese,
/// which are hiragana and the unified ideographs.
const fn is_simple(c: char) -> bool {
    matches!(c, '\0'..='\u{7f}' | '\u{3041}'..='\u{3096}' | '\u{4e00}'..='\u{9fff}')
}

/// Whether a character is part of the one before it.
fn continues(c: char) -> bool {
    !c.is_ascii()
        && (is_combining_mark(c) || matches!(c, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}'))
}

fn fold_cluster(cluster: &str, from: usize, glyphs: &mut Vec<Glyph>) {
    let long = cluster.nfkd().any(|c| c == '\u{304}');
    let to = from + cluster.len();
    let bare = cluster
        .nfkd()
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}'));
    let before = glyphs.len();
    let lower = bare.nfc().flat_map(char::to_lowercase);
    for char in lower.flat_map(plain).filter(|c| *c != '\u{307}') {
        glyphs.push(Glyph {
            char,
            long: false,
            from,
            to,
        });
    }
    if let [only] = &mut glyphs[before..] {
        only.long = long && matches!(only.char, 'a' | 'e' | 'i' | 'o' | 'u');
    }
}

/// Hiragana for katakana, and plain letters for those that Unicode does not take apart.
fn plain(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        '\u{30a1}'..='\u{30f6}' => (char::from_u32(u32::from(c) - 0x60).unwrap_or(c), None),
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'ł' => ('l', None),
        'đ' | 'ð' => ('d', None),
        'ı' => ('i', None),
        'ς' => ('σ', None),
        _ => (c, None),
    };
    std::iter::once(first).chain(second)
}

/// The words of a folded text; where it has no letter and no digit, all of it is one word.
pub(super) fn words(glyphs: &[Glyph]) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut at = 0;
    while let Some(glyph) = glyphs.get(at) {
        if !glyph.char.is_alphanumeric() {
            at += 1;
            continue;
        }
        let wide = is_wide(glyph.char);
        let end = if wide {
            end_of(glyphs, at, |c| is_wide(c) || is_combining_mark(c))
        } else {
            end_of_narrow(glyphs, at)
        };
        let joined = !wide
            && words.last().is_some_and(|before| {
                !before.wide
                    && before.glyphs.end + 1 == at
                    && glyphs.get(at - 1).is_some_and(|glyph| is_joint(glyph.char))
            });
        words.push(Word {
            glyphs: at..end,
            wide,
            joined,
        });
        at = end;
    }
    if words.is_empty() && glyphs.iter().any(|glyph| !is_space(glyph.char)) {
        words.push(Word {
            glyphs: 0..glyphs.len(),
            wide: false,
            joined: false,
        });
    }
    words
}

fn end_of(glyphs: &[Glyph], from: usize, belongs: impl Fn(char) -> bool) -> usize {
    let more = glyphs[from..].iter().take_while(|g| belongs(g.char));
    from + more.count()
}

/// The end of a word with its apostrophes: those between two letters.
fn end_of_narrow(glyphs: &[Glyph], from: usize) -> usize {
    let narrow = |c: char| is_letter(c) && !is_wide(c);
    let mut end = end_of(glyphs, from, narrow);
    while glyphs.get(end).is_some_and(|g| is_apostrophe(g.char))
        && glyphs
            .get(end + 1)
            .is_some_and(|g| narrow(g.char) && g.char.is_alphanumeric())
    {
        end = end_of(glyphs, end + 1, narrow);
    }
    end
}

/// Writes a word without its apostrophes and spaces behind a text.
pub(super) fn push_word(text: &mut String, glyphs: &[Glyph], word: &Word) {
    let glyphs = &glyphs[word.glyphs.clone()];
    let kept = glyphs.iter().map(|glyph| glyph.char);
    text.extend(kept.filter(|c| !is_apostrophe(*c) && !is_space(*c)));
}

pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '\u{2bc}' | '`' | '´')
}

/// Space, and what stands for one or for nothing in a text.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

fn is_joint(c: char) -> bool {
    matches!(c, '-' | '.' | '_' | '\u{2010}'..='\u{2015}')
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Whether a character is of a script that is looked up by pairs of characters.
pub(super) fn is_wide(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' // Thai, Lao
        | '\u{1000}'..='\u{109f}' // Myanmar
        | '\u{1100}'..='\u{11ff}' // Hangul letters
        | '\u{1780}'..='\u{17ff}' // Khmer
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{30ff}' // kana
        | '\u{3100}'..='\u{312f}'
        | '\u{3400}'..='\u{9fff}' // Han
        | '\u{ac00}'..='\u{d7af}' // Hangul
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
        && c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simple_character_folds_to_what_all_rules_make_of_it() {
        for c in ('\0'..='\u{ffff}').filter(|c| is_simple(*c)) {
            let mut glyphs = Vec::new();
            fold_cluster(&c.to_string(), 0, &mut glyphs);
            let folded: Vec<_> = glyphs
                .iter()
                .map(|glyph| (glyph.char, glyph.long))
                .collect();
            assert_eq!(folded, [(c.to_ascii_lowercase(), false)]);
        }
    }
}
