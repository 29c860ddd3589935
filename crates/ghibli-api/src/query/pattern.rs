//! A stranger's JavaScript regular expression, in the words of a machine that needs linear time.
//!
//! It is read as JavaScript reads a pattern without the `u` flag, with all its leniency, and
//! written anew, so that nothing passes that only the other dialect knows.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

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
        return Err(format!("it has more than {MAX_BYTES} bytes"));
    }
    let translated = Translation::of(pattern)?;
    RegexBuilder::new(&translated)
        .case_insensitive(true)
        .nest_limit(MAX_NESTING)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it is too large: repeat less".to_owned(),
            _ => "it is no pattern, or its groups are nested too deeply".to_owned(),
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

/// What an escape stands for.
enum Escaped {
    Char(char),
    Class {
        letters: &'static str,
        is_negated: bool,
    },
    /// A character that no text holds.
    Nothing,
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
            return Err("a group is not closed".to_owned());
        }
        Ok(translation.out)
    }

    fn token(&mut self, next: char) -> Result<(), String> {
        match next {
            '(' => self.open_group()?,
            ')' => {
                let open = self.open_groups.checked_sub(1);
                self.open_groups = open.ok_or("a group is closed that was not opened")?;
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
            return Err(format!("there is nothing for {how} to repeat"));
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
            (Some('='), _) => return Err(unusable("looks ahead, (?=…)")),
            (Some('!'), _) => return Err(unusable("looks ahead, (?!…)")),
            (Some('<'), Some('=' | '!')) => return Err(unusable("looks behind, (?<…)")),
            (Some('<'), _) => {
                let is_named = self.rest.by_ref().any(|c| c == '>');
                if !is_named {
                    return Err("a group's name does not end".to_owned());
                }
            }
            _ => return Err("a group begins with (? and no kind that there is".to_owned()),
        }
        self.mark("(?:");
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.rest.peek() {
            Some('b') => self.mark(r"(?-u:\b)"),
            Some('B') => self.mark(r"(?-u:\B)"),
            Some('k') if self.has_named_groups => return Err(unusable("refers back, \\k")),
            Some(digit @ '1'..='9') => {
                let starts_as_group = digit.to_digit(10).is_some_and(|digit| {
                    usize::try_from(digit).is_ok_and(|digit| digit <= self.groups)
                });
                if starts_as_group {
                    return Err(unusable("refers back, \\1"));
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

    /// What follows a backslash.
    fn escaped(&mut self, in_class: bool) -> Result<Escaped, String> {
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
    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text: String = self.rest.clone().take(digits).collect();
        let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(&text, 16).ok().filter(|_| is_hex)?;
        self.rest.nth(digits - 1);
        Some(code)
    }

    /// `\u` and four digits; two of them in a row may be one character.
    fn unicode(&mut self) -> Escaped {
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

    fn control(&mut self) -> Escaped {
        match self.rest.next_if(char::is_ascii_alphabetic) {
            Some(letter) => character(u32::from(letter) % 32),
            None => {
                // The backslash itself is meant, and the c after it.
                self.out.push_str(r"\\");
                Escaped::Char('c')
            }
        }
    }

    fn octal(&mut self, first: char) -> Escaped {
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

    /// All between square brackets.
    fn class(&mut self) -> Result<(), String> {
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
                (Escaped::Char(from), Escaped::Char(to)) if from <= to => {
                    self.span += u32::from(*to) - u32::from(*from);
                    if self.span > MAX_SPAN {
                        return Err("its ranges span too many characters".to_owned());
                    }
                    push_char(&mut inner, *from);
                    inner.push('-');
                    push_char(&mut inner, *to);
                }
                (Escaped::Char(from), Escaped::Char(to)) => {
                    return Err(format!("the range from {from} to {to} runs backwards"));
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
        self.atom(&class);
        Ok(())
    }

    /// The next member of a class; none at its end.
    fn class_member(&mut self) -> Result<Option<Escaped>, String> {
        match self.rest.next().ok_or(UNCLOSED_CLASS)? {
            ']' => Ok(None),
            '\\' if self.rest.peek() == Some(&'c') => {
                let mut ahead = self.rest.clone();
                ahead.next();
                if ahead.peek().is_some_and(char::is_ascii_alphabetic) {
                    self.escaped(true).map(Some)
                } else {
                    Ok(Some(Escaped::Char('\\')))
                }
            }
            '\\' => self.escaped(true).map(Some),
            other => Ok(Some(Escaped::Char(other))),
        }
    }
}

const UNCLOSED_CLASS: &str = "a [ is not closed";

fn unusable(what: &str) -> String {
    format!("it {what}, which is not answered here: only what needs linear time is")
}

fn character(code: u32) -> Escaped {
    char::from_u32(code).map_or(Escaped::Nothing, Escaped::Char)
}

fn class_of(letters: &str, is_negated: bool) -> String {
    format!("[{}{letters}]", if is_negated { "^" } else { "" })
}

fn push_member(class: &mut String, member: &Escaped) {
    match member {
        Escaped::Char(c) => push_char(class, *c),
        Escaped::Class {
            letters,
            is_negated,
        } => class.push_str(&class_of(letters, *is_negated)),
        Escaped::Nothing => class.push_str(NOTHING),
    }
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
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_javascript() {
        for (pattern, text, expected) in [
            ("^the", "The Wind Rises", true),
            ("totoro$", "My Neighbor Totoro", true),
            ("", "", true),
            ("a.c", "a\u{2028}c", false),
            ("a.c", "aūc", true),
            (r"^\d+$", "١٢", false),
            (r"^\w+$", "Ōgaki", false),
            (r"\bo", "ōo", true),
            (r"\Bo", "xo", true),
            (r"a\sb", "a\u{feff}b", true),
            (r"a\sb", "a\u{85}b", false),
            (r"x{", "x{", true),
            (r"x{,3}", "x{,3}", true),
            (r"^x{2,}?$", "xxx", true),
            (r"}]", "}]", true),
            (r"\/\-\_\<\>\A\z", "/-_<>Az", true),
            (r"\u3042\x41", "あa", true),
            (r"\ud83d\ude00", "😀", true),
            (r"\u{3}", "uuu", true),
            (r"\p{L}", "p{L}", true),
            (r"\x4", "x4", true),
            (r"[]", "", false),
            (r"[^]", "\n", true),
            (r"[[a&&b]", "&", true),
            (r"^[a\]b]+$", "a]b", true),
            (r"[\w-.]", "-", true),
            (r"[\b]", "\u{8}", true),
            (r"[^\D]", "5", true),
            (r"(?<year>\d{4})", "1988", true),
            (r"\k", "k", true),
            (r"\1", "\u{1}", true),
            (r"[(]\1", "(\u{1}", true),
            (r"\8", "8", true),
            (r"\cJ", "\n", true),
            (r"\c", r"\c", true),
            ("#a b", "#a b", true),
            ("宮崎|高畑", "高畑勲", true),
        ] {
            let regex = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(regex.is_match(text), expected, "{pattern} in {text:?}");
        }
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        for (pattern, why) in [
            ("(?=a)", "ahead"),
            ("(?!a)", "ahead"),
            ("(?<=a)b", "behind"),
            ("(?<!a)b", "behind"),
            (r"(a)\1", "refers back"),
            (r"\1(a)", "refers back"),
            (r"(?<n>a)\k<n>", "refers back"),
            ("(?i)a", "group"),
            ("(a", "not closed"),
            ("a)", "not opened"),
            ("[a", "not closed"),
            ("[a-", "not closed"),
            ("*a", "nothing"),
            ("a**", "nothing"),
            ("a++", "nothing"),
            ("^*", "nothing"),
            (r"\b+", "nothing"),
            ("(|*)", "nothing"),
            ("a\\", "backslash"),
            ("[z-a]", "backwards"),
            ("x{2,1}", "no pattern"),
            ("((a{99}){99}){99}", "too large"),
            (r"[\u0000-\uffff][\u0000-\uffff]", "too many characters"),
        ] {
            let error = compile(pattern).unwrap_err();
            assert!(error.contains(why), "{pattern}: {error}");
        }
        assert!(compile(&"a".repeat(MAX_BYTES + 1)).is_err());
        assert!(compile(&"(".repeat(200)).is_err());
        assert!(compile(&format!("{}{}", "(".repeat(200), ")".repeat(200))).is_err());
    }
}
