use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A folded character, and the bytes of the original text that it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FoldedChar {
    pub(crate) char: char,
    /// Whether it is a vowel with a macron.
    pub(crate) is_long: bool,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A word, or a run of characters of a script without spaces.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Its range of folded characters.
    pub(crate) chars: Range<usize>,
    /// Whether its script has no spaces between words.
    pub(crate) is_unspaced: bool,
    /// Whether a hyphen, full stop or underscore joins it to the token before.
    pub(crate) is_joined: bool,
}

/// Folds a text: NFKC, lower case, no accents, hiragana for katakana.
pub(crate) fn fold(text: &str, folded: &mut Vec<FoldedChar>) {
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
            fold_cluster(cluster, start, folded);
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
    !c.is_ascii()
        && (is_combining_mark(c) || matches!(c, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}'))
}

fn fold_cluster(cluster: &str, start: usize, folded: &mut Vec<FoldedChar>) {
    let has_macron = cluster.nfkd().any(|c| c == '\u{304}');
    let end = start + cluster.len();
    let bare = cluster
        .nfkd()
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}'));
    let before = folded.len();
    let lower = bare.nfc().flat_map(char::to_lowercase);
    for char in lower.flat_map(plain).filter(|c| *c != '\u{307}') {
        folded.push(FoldedChar {
            char,
            is_long: false,
            start,
            end,
        });
    }
    if let [only] = &mut folded[before..] {
        only.is_long = has_macron && matches!(only.char, 'a' | 'e' | 'i' | 'o' | 'u');
    }
}

/// Hiragana for katakana, and plain letters for those that Unicode does not decompose.
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

/// The tokens of a folded text. A text without letters and digits is one token.
pub(crate) fn tokenise(folded: &[FoldedChar]) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(first) = folded.get(at) {
        if !first.char.is_alphanumeric() {
            at += 1;
            continue;
        }
        let is_unspaced = is_unspaced(first.char);
        let end = if is_unspaced {
            end_of_run(folded, at, |c| self::is_unspaced(c) || is_combining_mark(c))
        } else {
            end_of_word(folded, at)
        };
        let is_joined = !is_unspaced
            && tokens.last().is_some_and(|before| {
                !before.is_unspaced
                    && before.chars.end + 1 == at
                    && folded.get(at - 1).is_some_and(|c| is_joiner(c.char))
            });
        tokens.push(Token {
            chars: at..end,
            is_unspaced,
            is_joined,
        });
        at = end;
    }
    if tokens.is_empty() && folded.iter().any(|c| !is_space(c.char)) {
        tokens.push(Token {
            chars: 0..folded.len(),
            is_unspaced: false,
            is_joined: false,
        });
    }
    tokens
}

fn end_of_run(folded: &[FoldedChar], start: usize, belongs: impl Fn(char) -> bool) -> usize {
    let run = folded[start..].iter().take_while(|c| belongs(c.char));
    start + run.count()
}

/// The end of a word. Apostrophes between two letters are part of it.
fn end_of_word(folded: &[FoldedChar], start: usize) -> usize {
    let is_in_word = |c: char| is_letter(c) && !is_unspaced(c);
    let mut end = end_of_run(folded, start, is_in_word);
    while folded.get(end).is_some_and(|c| is_apostrophe(c.char))
        && folded
            .get(end + 1)
            .is_some_and(|c| is_in_word(c.char) && c.char.is_alphanumeric())
    {
        end = end_of_run(folded, end + 1, is_in_word);
    }
    end
}

/// Appends a token without its apostrophes and spaces.
pub(crate) fn push_token(text: &mut String, folded: &[FoldedChar], token: &Token) {
    let kept = folded[token.chars.clone()].iter().map(|c| c.char);
    text.extend(kept.filter(|c| !is_apostrophe(*c) && !is_space(*c)));
}

pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '\u{2bc}' | '`' | '´')
}

/// White space and control characters.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

fn is_joiner(c: char) -> bool {
    matches!(c, '-' | '.' | '_' | '\u{2010}'..='\u{2015}')
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Whether a character is of a script without spaces between words, which is indexed by bigrams.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' // Thai, Lao
        | '\u{1000}'..='\u{109f}' // Myanmar
        | '\u{1100}'..='\u{11ff}' // Hangul jamo
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
    fn a_simple_character_folds_as_by_the_full_rules() {
        for c in ('\0'..='\u{ffff}').filter(|c| is_simple(*c)) {
            let mut folded = Vec::new();
            fold_cluster(&c.to_string(), 0, &mut folded);
            let folded: Vec<_> = folded.iter().map(|c| (c.char, c.is_long)).collect();
            assert_eq!(folded, [(c.to_ascii_lowercase(), false)]);
        }
    }
}
