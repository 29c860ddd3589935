//! Rust source as token trees, without comments and literals.

use std::iter::Peekable;
use std::str::Chars;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Word(String),
    Punct(char),
    /// What stands between brackets, by the opening one.
    Group(char, Vec<Token>),
}

impl Token {
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(found) if found == word)
    }

    pub(crate) fn is_punct(&self, punct: char) -> bool {
        *self == Self::Punct(punct)
    }

    pub(crate) fn is_group(&self, open: char) -> bool {
        matches!(self, Self::Group(found, _) if *found == open)
    }
}

pub(crate) fn parse(source: &str) -> Vec<Token> {
    group(&mut source.chars().peekable())
}

/// Reads up to the closing bracket or the end.
fn group(source: &mut Peekable<Chars<'_>>) -> Vec<Token> {
    let mut tokens = Vec::new();
    while let Some(next) = source.next() {
        match next {
            '/' if source.peek() == Some(&'/') => while source.next_if(|&c| c != '\n').is_some() {},
            '/' if source.next_if_eq(&'*').is_some() => skip_block_comment(source),
            '"' => skip_string(source),
            '\'' => skip_char(source),
            '(' | '[' | '{' => tokens.push(Token::Group(next, group(source))),
            ')' | ']' | '}' => return tokens,
            _ if next.is_alphanumeric() || next == '_' => {
                let mut word = String::from(next);
                while let Some(c) = source.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.push(c);
                }
                let is_raw = matches!(&*word, "r" | "br" | "cr");
                if is_raw && matches!(source.peek(), Some('#' | '"')) {
                    skip_raw_string(source);
                } else if !next.is_ascii_digit() {
                    tokens.push(Token::Word(word));
                }
            }
            _ if next.is_whitespace() => {}
            _ => tokens.push(Token::Punct(next)),
        }
    }
    tokens
}

fn skip_block_comment(source: &mut Peekable<Chars<'_>>) {
    let mut depth = 1;
    while depth > 0 {
        match source.next() {
            Some('*') if source.next_if_eq(&'/').is_some() => depth -= 1,
            Some('/') if source.next_if_eq(&'*').is_some() => depth += 1,
            Some(_) => {}
            None => return,
        }
    }
}

fn skip_string(source: &mut Peekable<Chars<'_>>) {
    while let Some(next) = source.next() {
        match next {
            '\\' => drop(source.next()),
            '"' => return,
            _ => {}
        }
    }
}

/// After `r`; raw identifiers are not known.
fn skip_raw_string(source: &mut Peekable<Chars<'_>>) {
    let mut hashes = 0;
    while source.next_if_eq(&'#').is_some() {
        hashes += 1;
    }
    source.next();
    while source.any(|c| c == '"') {
        if (0..hashes).all(|_| source.next_if_eq(&'#').is_some()) {
            return;
        }
    }
}

/// A character, or the name of a lifetime.
fn skip_char(source: &mut Peekable<Chars<'_>>) {
    match source.next() {
        Some('\\') => {
            source.next();
            let _ = source.any(|c| c == '\'');
        }
        Some(_) if source.next_if_eq(&'\'').is_some() => {}
        _ => {
            while source
                .next_if(|c| c.is_alphanumeric() || *c == '_')
                .is_some()
            {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_left_out() {
        let source = r##"a /* b /* ( */ */ "\")c" 'd' '\'' '\u{7d}' '(' f::<'e>(0xff_u8, b"g"); // h
            r#"i"j"# b'"' x"##;
        let word = |word: &str| Token::Word(word.to_owned());
        let expected = [
            word("a"),
            word("f"),
            Token::Punct(':'),
            Token::Punct(':'),
            Token::Punct('<'),
            Token::Punct('>'),
            Token::Group('(', vec![Token::Punct(','), word("b")]),
            Token::Punct(';'),
            word("b"),
            word("x"),
        ];
        assert_eq!(parse(source), expected);
    }
}
