//! Character classes.

use super::escape::Escape;
use super::{EVERYTHING, MAX_RANGE_CHARS, NOTHING, Translator, push_char};

const UNCLOSED_CLASS: &str = "unclosed [";

impl Translator<'_> {
    /// Everything after `[`.
    pub(super) fn class(&mut self) -> Result<(), String> {
        let is_negated = self.rest.next_if_eq(&'^').is_some();
        let mut inner = String::new();
        loop {
            let from = match self.class_member()? {
                None => break,
                Some(member) => member,
            };
            let mut ahead = self.rest.clone();
            let is_range = ahead.next() == Some('-') && ahead.peek() != Some(&']');
            if !is_range {
                push_member(&mut inner, &from);
                continue;
            }
            self.rest.next();
            let to = self.class_member()?.ok_or(UNCLOSED_CLASS)?;
            match (&from, &to) {
                (Escape::Char(from), Escape::Char(to)) if from <= to => {
                    self.range_chars += u32::from(*to) - u32::from(*from);
                    if self.range_chars > MAX_RANGE_CHARS {
                        return Err("its character ranges are too large".to_owned());
                    }
                    push_char(&mut inner, *from);
                    inner.push('-');
                    push_char(&mut inner, *to);
                }
                (Escape::Char(from), Escape::Char(to)) => {
                    return Err(format!("the range {from}-{to} is reversed"));
                }
                _ => {
                    push_member(&mut inner, &from);
                    push_char(&mut inner, '-');
                    push_member(&mut inner, &to);
                }
            }
        }
        let class = match (inner.is_empty(), is_negated) {
            (true, true) => EVERYTHING.to_owned(),
            (true, false) => NOTHING.to_owned(),
            (false, true) => format!("[^{inner}]"),
            (false, false) => format!("[{inner}]"),
        };
        self.push_atom(&class);
        Ok(())
    }

    /// The next member; `None` at the end of the class.
    pub(super) fn class_member(&mut self) -> Result<Option<Escape>, String> {
        match self.rest.next().ok_or(UNCLOSED_CLASS)? {
            ']' => Ok(None),
            '\\' if self.rest.peek() == Some(&'c') => {
                let mut ahead = self.rest.clone();
                ahead.next();
                if ahead.peek().is_some_and(char::is_ascii_alphabetic) {
                    self.parse_escape(true).map(Some)
                } else {
                    Ok(Some(Escape::Char('\\')))
                }
            }
            '\\' => self.parse_escape(true).map(Some),
            other => Ok(Some(Escape::Char(other))),
        }
    }
}

pub(super) fn class_of(letters: &str, is_negated: bool) -> String {
    format!("[{}{letters}]", if is_negated { "^" } else { "" })
}

pub(super) fn push_member(class: &mut String, member: &Escape) {
    match member {
        Escape::Char(c) => push_char(class, *c),
        Escape::Class {
            letters,
            is_negated,
        } => class.push_str(&class_of(letters, *is_negated)),
        Escape::Nothing => class.push_str(NOTHING),
    }
}
