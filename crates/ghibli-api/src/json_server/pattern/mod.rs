//! A stranger's JavaScript regular expression, in the words of a machine that needs linear time.
//!
//! It is read as JavaScript reads a pattern without the `u` flag, with all its leniency, and
//! written anew, so that nothing passes that only the other dialect knows.

mod class;
mod escape;

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

use self::class::class_of;
use self::escape::Escaped;

/// The most bytes that a pattern may have.
const MAX_BYTES: usize = 500;
/// How deeply groups may be nested.
const MAX_NESTING: u32 = 50;
/// What a pattern may weigh when it is compiled, and what its search may keep in memory.
const MAX_COMPILED_BYTES: usize = 128 * 1024;
/// How many characters its ranges may span together: each is looked up in its other case.
const MAX_SPAN: u32 = 70_000;

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\x0B\x0C\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";
const ANY: &str = r"[^\n\r\x{2028}\x{2029}]";
const EVERYTHING: &str = "(?s:.)";
const NOTHING: &str = "[a&&b]";

/// The pattern, blind to case.
///
/// # Errors
/// Why it cannot be used.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    let translated = Translation::of(pattern)?;
    RegexBuilder::new(&translated)
        .case_insensitive(true)
        .nest_limit(MAX_NESTING)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "it is too complex: use fewer repetitions".to_owned()
            }
            _ => "it is not a valid pattern, or its groups are nested too deeply".to_owned(),
        })
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    open_groups: usize,
    /// All groups of the pattern that keep what they match, which decides what `\1` means.
    groups: usize,
    has_named_groups: bool,
    /// Whether what came last can be repeated.
    is_atom: bool,
    /// How many characters its ranges have spanned so far.
    span: u32,
}

impl Translation<'_> {
    fn of(pattern: &str) -> Result<String, String> {
        let (groups, has_named_groups) = count_groups(pattern);
        let mut translation = Translation {
            rest: pattern.chars().peekable(),
            out: String::with_capacity(pattern.len() * 2),
            open_groups: 0,
            groups,
            has_named_groups,
            is_atom: false,
            span: 0,
        };
        while let Some(next) = translation.rest.next() {
            translation.token(next)?;
        }
        if translation.open_groups > 0 {
            return Err("unclosed group".to_owned());
        }
        Ok(translation.out)
    }

    fn token(&mut self, next: char) -> Result<(), String> {
        match next {
            '(' => self.open_group()?,
            ')' => {
                let open = self.open_groups.checked_sub(1);
                self.open_groups = open.ok_or("unmatched )")?;
                self.atom(")");
            }
            '|' => self.mark("|"),
            '^' => self.mark("^"),
            '$' => self.mark("$"),
            '.' => self.atom(ANY),
            '*' | '+' | '?' => self.repeat(&next.to_string())?,
            '{' => match self.counted() {
                Some(count) => self.repeat(&count)?,
                None => self.literal('{'),
            },
            '[' => self.class()?,
            '\\' => self.escape()?,
            other => self.literal(other),
        }
        Ok(())
    }

    /// Something that can be repeated.
    fn atom(&mut self, text: &str) {
        self.out.push_str(text);
        self.is_atom = true;
    }

    /// Something that cannot.
    fn mark(&mut self, text: &str) {
        self.out.push_str(text);
        self.is_atom = false;
    }

    fn literal(&mut self, c: char) {
        push_char(&mut self.out, c);
        self.is_atom = true;
    }

    fn repeat(&mut self, how: &str) -> Result<(), String> {
        if !self.is_atom {
            return Err(format!("nothing for {how} to repeat"));
        }
        self.mark(how);
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,3}`; anything else that begins with a brace is a brace.
    fn counted(&mut self) -> Option<String> {
        let inner: String = self.rest.clone().take_while(|&c| c != '}').collect();
        let length = inner.chars().count();
        self.rest.clone().nth(length)?;
        let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if least.is_empty() || !is_number(least) || !is_number(most) {
            return None;
        }
        self.rest.nth(length);
        Some(format!("{{{inner}}}"))
    }

    fn open_group(&mut self) -> Result<(), String> {
        self.open_groups += 1;
        if self.rest.next_if_eq(&'?').is_none() {
            self.mark("(?:");
            return Ok(());
        }
        match (self.rest.next(), self.rest.peek()) {
            (Some(':'), _) => {}
            (Some('='), _) => return Err(unusable("uses look-ahead, (?=…)")),
            (Some('!'), _) => return Err(unusable("uses look-ahead, (?!…)")),
            (Some('<'), Some('=' | '!')) => return Err(unusable("uses look-behind, (?<…)")),
            (Some('<'), _) => {
                let is_named = self.rest.by_ref().any(|c| c == '>');
                if !is_named {
                    return Err("unterminated group name".to_owned());
                }
            }
            _ => return Err("unknown group type after (?".to_owned()),
        }
        self.mark("(?:");
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.rest.peek() {
            Some('b') => self.mark(r"(?-u:\b)"),
            Some('B') => self.mark(r"(?-u:\B)"),
            Some('k') if self.has_named_groups => {
                return Err(unusable("uses a back-reference, \\k"));
            }
            Some(digit @ '1'..='9') => {
                let starts_as_group = digit.to_digit(10).is_some_and(|digit| {
                    usize::try_from(digit).is_ok_and(|digit| digit <= self.groups)
                });
                if starts_as_group {
                    return Err(unusable("uses a back-reference, \\1"));
                }
                return self.put_escaped(false);
            }
            _ => return self.put_escaped(false),
        }
        self.rest.next();
        Ok(())
    }

    fn put_escaped(&mut self, in_class: bool) -> Result<(), String> {
        match self.escaped(in_class)? {
            Escaped::Char(c) => self.literal(c),
            Escaped::Class {
                letters,
                is_negated,
            } => {
                let class = class_of(letters, is_negated);
                self.atom(&class);
            }
            Escaped::Nothing => self.atom(NOTHING),
        }
        Ok(())
    }
}

fn unusable(what: &str) -> String {
    format!("it {what}, which is not supported: only linear-time patterns are")
}

/// A character that means nothing but itself.
fn push_char(out: &mut String, c: char) {
    if c.is_alphanumeric() {
        out.push(c);
    } else {
        // Writing to a text cannot fail.
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}

/// How many groups keep what they match, and whether any has a name.
fn count_groups(pattern: &str) -> (usize, bool) {
    let (mut groups, mut has_named, mut in_class) = (0, false, false);
    let mut rest = pattern;
    while let Some(next) = rest.chars().next() {
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
        match next {
            '\\' => {
                let escaped = rest.chars().next().map_or(0, char::len_utf8);
                rest = rest.get(escaped..).unwrap_or_default();
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                let is_named =
                    rest.starts_with("?<") && !rest.starts_with("?<=") && !rest.starts_with("?<!");
                has_named |= is_named;
                groups += usize::from(is_named || !rest.starts_with('?'));
            }
            _ => {}
        }
    }
    (groups, has_named)
}

#[cfg(test)]
mod tests;
