use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use crate::fold::{FoldedChar, is_apostrophe};

/// Maximum number of characters of a text that are folded.
const MAX_CHARS: usize = 512;

/// A word, or a run of characters of a script without spaces.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its range of folded characters.
    pub chars: Range<usize>,
    /// Whether its script has no spaces between words.
    pub is_unspaced: bool,
    /// Whether one sign joins it to the token before: `Kaguya-Hime`, `Face/Off`.
    pub is_joined: bool,
    /// Whether it has signs that are no part of the word: `M*A*S*H`, `J. R. R.`.
    pub has_signs: bool,
}

impl Token {
    /// Appends the next token, without the sign between.
    pub fn join(&mut self, next: &Self) {
        self.chars.end = next.chars.end;
        self.has_signs = true;
    }
}

/// The start of a text that is folded.
pub fn truncated(text: &str) -> &str {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// The tokens of a folded text. A text without letters and digits is one token.
pub fn tokenise(folded: &[FoldedChar]) -> Vec<Token> {
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
        let before = tokens.last_mut().filter(|before| !before.is_unspaced);
        let before = before.filter(|_| !is_unspaced);
        let is_joined = match before {
            Some(before) if continues_initials(folded, before, at..end) => {
                before.chars.end = end;
                before.has_signs = true;
                at = end;
                continue;
            }
            Some(before) => is_one_sign(&folded[before.chars.end..at]),
            None => false,
        };
        tokens.push(Token {
            chars: at..end,
            is_unspaced,
            is_joined,
            has_signs: false,
        });
        at = end;
    }
    if tokens.is_empty() && folded.iter().any(|c| !is_space(c.char)) {
        tokens.push(Token {
            chars: 0..folded.len(),
            is_unspaced: false,
            is_joined: false,
            has_signs: false,
        });
    }
    tokens
}

/// Whether a letter is the next one of some initials. The sign between them may have spaces around
/// it, unless it ends a phrase.
fn continues_initials(folded: &[FoldedChar], before: &Token, next: Range<usize>) -> bool {
    let is_one_letter =
        |chars: Range<usize>| chars.len() == 1 && folded[chars.start].char.is_alphabetic();
    if !is_one_letter(next.clone()) || !(before.has_signs || is_one_letter(before.chars.clone())) {
        return false;
    }
    let gap = &folded[before.chars.end..next.start];
    let mut signs = gap.iter().filter(|c| !is_space(c.char));
    let sign = signs.next().filter(|_| signs.next().is_none());
    sign.is_some_and(|sign| gap.len() == 1 || !matches!(sign.char, ',' | ';' | ':' | '!' | '?'))
}

fn is_one_sign(gap: &[FoldedChar]) -> bool {
    matches!(gap, [only] if !is_space(only.char))
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

/// Appends a token without its apostrophes and spaces, and initials without their signs.
pub fn push_token(text: &mut String, folded: &[FoldedChar], token: &Token) {
    let kept = folded[token.chars.clone()].iter().map(|c| c.char);
    let is_sign = |c| is_apostrophe(c) || is_space(c) || token.has_signs && !is_letter(c);
    text.extend(kept.filter(|c| !is_sign(*c)));
}

/// Appends a folded text with one space between words, for comparing whole names.
pub fn whole_name(name: &mut String, folded: &[FoldedChar], tokens: &[Token]) {
    let start = name.len();
    for token in tokens {
        if name.len() > start {
            name.push(' ');
        }
        push_token(name, folded, token);
    }
}

/// White space and control characters.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Letters and digits, and the marks that folding keeps.
pub fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Whether a character is of a script without spaces between words, which is indexed by bigrams.
pub fn is_unspaced(c: char) -> bool {
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
