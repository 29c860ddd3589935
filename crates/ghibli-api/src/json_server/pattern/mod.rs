//! Translates JavaScript regular expressions for the `regex` crate, which matches in linear time.
//!
//! Patterns are parsed as JavaScript does without the `u` flag, with all its leniency. The output
//! is generated token by token, so syntax that only `regex` knows never passes.

mod class;
mod escape;

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

use self::class::class_of;
use self::escape::Escape;

/// Maximum length of a pattern.
const MAX_BYTES: usize = 500;
/// Maximum nesting of groups.
const MAX_NESTING: u32 = 50;
/// Maximum memory of a compiled pattern, and of its search cache.
const MAX_COMPILED_BYTES: usize = 128 * 1024;
/// Maximum number of characters in all ranges: case folding looks up each.
const MAX_RANGE_CHARS: u32 = 70_000;

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\x0B\x0C\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";
const ANY: &str = r"[^\n\r\x{2028}\x{2029}]";
const EVERYTHING: &str = "(?s:.)";
const NOTHING: &str = "[a&&b]";

/// Compiles a pattern, case-insensitive.
///
/// # Errors
/// The reason why the pattern cannot be used.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    let translated = Translator::translate(pattern)?;
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

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    open_groups: usize,
    /// Number of capturing groups, which decides the meaning of `\1`.
    groups: usize,
    has_named_groups: bool,
    /// Whether the last token can be repeated.
    is_atom: bool,
    /// Number of characters in all ranges so far.
    range_chars: u32,
}

impl Translator<'_> {
    fn translate(pattern: &str) -> Result<String, String> {
        let (groups, has_named_groups) = count_groups(pattern);
        let mut translator = Translator {
            rest: pattern.chars().peekable(),
            out: String::with_capacity(pattern.len() * 2),
            open_groups: 0,
            groups,
            has_named_groups,
            is_atom: false,
            range_chars: 0,
        };
        while let Some(next) = translator.rest.next() {
            translator.token(next)?;
        }
        if translator.open_groups > 0 {
            return Err("unclosed group".to_owned());
        }
        Ok(translator.out)
    }

    fn token(&mut self, next: char) -> Result<(), String> {
        match next {
            '(' => self.open_group()?,
            ')' => {
                let open = self.open_groups.checked_sub(1);
                self.open_groups = open.ok_or("unmatched )")?;
                self.push_atom(")");
            }
            '|' => self.push_operator("|"),
            '^' => self.push_operator("^"),
            '$' => self.push_operator("$"),
            '.' => self.push_atom(ANY),
            '*' | '+' | '?' => self.push_quantifier(&next.to_string())?,
            '{' => match self.counted_quantifier() {
                Some(count) => self.push_quantifier(&count)?,
                None => self.push_literal('{'),
            },
            '[' => self.class()?,
            '\\' => self.escape()?,
            other => self.push_literal(other),
        }
        Ok(())
    }

    /// A token that can be repeated.
    fn push_atom(&mut self, text: &str) {
        self.out.push_str(text);
        self.is_atom = true;
    }

    /// A token that cannot be repeated.
    fn push_operator(&mut self, text: &str) {
        self.out.push_str(text);
        self.is_atom = false;
    }

    fn push_literal(&mut self, c: char) {
        push_char(&mut self.out, c);
        self.is_atom = true;
    }

    fn push_quantifier(&mut self, quantifier: &str) -> Result<(), String> {
        if !self.is_atom {
            return Err(format!("nothing for {quantifier} to repeat"));
        }
        self.push_operator(quantifier);
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,3}`; any other brace is a literal.
    fn counted_quantifier(&mut self) -> Option<String> {
        let inner: String = self.rest.clone().take_while(|&c| c != '}').collect();
        let length = inner.chars().count();
        self.rest.clone().nth(length)?;
        let (min, max) = inner.split_once(',').unwrap_or((&inner, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if min.is_empty() || !is_number(min) || !is_number(max) {
            return None;
        }
        self.rest.nth(length);
        Some(format!("{{{inner}}}"))
    }

    fn open_group(&mut self) -> Result<(), String> {
        self.open_groups += 1;
        if self.rest.next_if_eq(&'?').is_none() {
            self.push_operator("(?:");
            return Ok(());
        }
        match (self.rest.next(), self.rest.peek()) {
            (Some(':'), _) => {}
            (Some('='), _) => return Err(unsupported("uses look-ahead, (?=…)")),
            (Some('!'), _) => return Err(unsupported("uses look-ahead, (?!…)")),
            (Some('<'), Some('=' | '!')) => return Err(unsupported("uses look-behind, (?<…)")),
            (Some('<'), _) => {
                let is_named = self.rest.by_ref().any(|c| c == '>');
                if !is_named {
                    return Err("unterminated group name".to_owned());
                }
            }
            _ => return Err("unknown group type after (?".to_owned()),
        }
        self.push_operator("(?:");
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.rest.peek() {
            Some('b') => self.push_operator(r"(?-u:\b)"),
            Some('B') => self.push_operator(r"(?-u:\B)"),
            Some('k') if self.has_named_groups => {
                return Err(unsupported("uses a back-reference, \\k"));
            }
            Some(digit @ '1'..='9') => {
                let is_group = digit.to_digit(10).is_some_and(|digit| {
                    usize::try_from(digit).is_ok_and(|digit| digit <= self.groups)
                });
                if is_group {
                    return Err(unsupported("uses a back-reference, \\1"));
                }
                return self.push_escape(false);
            }
            _ => return self.push_escape(false),
        }
        self.rest.next();
        Ok(())
    }

    fn push_escape(&mut self, in_class: bool) -> Result<(), String> {
        match self.parse_escape(in_class)? {
            Escape::Char(c) => self.push_literal(c),
            Escape::Class {
                letters,
                is_negated,
            } => {
                let class = class_of(letters, is_negated);
                self.push_atom(&class);
            }
            Escape::Nothing => self.push_atom(NOTHING),
        }
        Ok(())
    }
}

fn unsupported(feature: &str) -> String {
    format!("it {feature}, which is not supported: only linear-time patterns are")
}

/// Appends a literal character.
fn push_char(out: &mut String, c: char) {
    if c.is_alphanumeric() {
        out.push(c);
    } else {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}

/// Number of capturing groups, and whether any has a name.
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
