//! Escape sequences.

use super::{DIGIT, SPACE, Translator, WORD};

/// The meaning of an escape sequence.
pub(super) enum Escape {
    Char(char),
    Class {
        letters: &'static str,
        is_negated: bool,
    },
    /// An unpaired surrogate, which no text contains.
    Nothing,
}

impl Translator<'_> {
    /// Everything after a backslash.
    pub(super) fn parse_escape(&mut self, in_class: bool) -> Result<Escape, String> {
        let class = |letters, is_negated| Escape::Class {
            letters,
            is_negated,
        };
        let next = self.rest.next().ok_or("it ends with a backslash")?;
        Ok(match next {
            'd' => class(DIGIT, false),
            'D' => class(DIGIT, true),
            'w' => class(WORD, false),
            'W' => class(WORD, true),
            's' => class(SPACE, false),
            'S' => class(SPACE, true),
            't' => Escape::Char('\t'),
            'n' => Escape::Char('\n'),
            'v' => Escape::Char('\u{b}'),
            'f' => Escape::Char('\u{c}'),
            'r' => Escape::Char('\r'),
            'b' if in_class => Escape::Char('\u{8}'),
            'x' => match self.hex(2) {
                Some(code) => character(code),
                None => Escape::Char('x'),
            },
            'u' => self.unicode(),
            'c' => self.control(),
            '0'..='7' => self.octal(next),
            other => Escape::Char(other),
        })
    }

    /// A number of exactly `digits` hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> Option<u32> {
        let text: String = self.rest.clone().take(digits).collect();
        let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(&text, 16).ok().filter(|_| is_hex)?;
        self.rest.nth(digits - 1);
        Some(code)
    }

    /// The digits of `\u`. Two escapes in a row may be a surrogate pair.
    pub(super) fn unicode(&mut self) -> Escape {
        let Some(first) = self.hex(4) else {
            return Escape::Char('u');
        };
        if (0xd800..0xdc00).contains(&first) {
            let before = self.rest.clone();
            if self.rest.next() == Some('\\')
                && self.rest.next() == Some('u')
                && let Some(second @ 0xdc00..0xe000) = self.hex(4)
            {
                return character(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            self.rest = before;
        }
        character(first)
    }

    pub(super) fn control(&mut self) -> Escape {
        match self.rest.next_if(char::is_ascii_alphabetic) {
            Some(letter) => character(u32::from(letter) % 32),
            None => {
                // The backslash is a literal, and so is the c.
                self.out.push_str(r"\\");
                Escape::Char('c')
            }
        }
    }

    pub(super) fn octal(&mut self, first: char) -> Escape {
        let mut code = first.to_digit(8).unwrap_or_default();
        while let Some(digit) = self.rest.peek().and_then(|c| c.to_digit(8)) {
            if code * 8 + digit > 0o377 {
                break;
            }
            code = code * 8 + digit;
            self.rest.next();
        }
        character(code)
    }
}

pub(super) fn character(code: u32) -> Escape {
    char::from_u32(code).map_or(Escape::Nothing, Escape::Char)
}
