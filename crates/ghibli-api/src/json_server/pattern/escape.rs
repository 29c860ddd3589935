//! What a backslash makes of the characters behind it.

use super::{DIGIT, SPACE, Translation, WORD};

/// What an escape stands for.
pub(super) enum Escaped {
    Char(char),
    Class {
        letters: &'static str,
        is_negated: bool,
    },
    /// A character that no text holds.
    Nothing,
}

impl Translation<'_> {
    /// What follows a backslash.
    pub(super) fn escaped(&mut self, in_class: bool) -> Result<Escaped, String> {
        let class = |letters, is_negated| Escaped::Class {
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
            't' => Escaped::Char('\t'),
            'n' => Escaped::Char('\n'),
            'v' => Escaped::Char('\u{b}'),
            'f' => Escaped::Char('\u{c}'),
            'r' => Escaped::Char('\r'),
            'b' if in_class => Escaped::Char('\u{8}'),
            'x' => match self.hex(2) {
                Some(code) => character(code),
                None => Escaped::Char('x'),
            },
            'u' => self.unicode(),
            'c' => self.control(),
            '0'..='7' => self.octal(next),
            other => Escaped::Char(other),
        })
    }

    /// So many hexadecimal digits, if they are there.
    pub(super) fn hex(&mut self, digits: usize) -> Option<u32> {
        let text: String = self.rest.clone().take(digits).collect();
        let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(&text, 16).ok().filter(|_| is_hex)?;
        self.rest.nth(digits - 1);
        Some(code)
    }

    /// `\u` and four digits; two of them in a row may be one character.
    pub(super) fn unicode(&mut self) -> Escaped {
        let Some(first) = self.hex(4) else {
            return Escaped::Char('u');
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

    pub(super) fn control(&mut self) -> Escaped {
        match self.rest.next_if(char::is_ascii_alphabetic) {
            Some(letter) => character(u32::from(letter) % 32),
            None => {
                // The backslash itself is meant, and the c after it.
                self.out.push_str(r"\\");
                Escaped::Char('c')
            }
        }
    }

    pub(super) fn octal(&mut self, first: char) -> Escaped {
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

pub(super) fn character(code: u32) -> Escaped {
    char::from_u32(code).map_or(Escaped::Nothing, Escaped::Char)
}
