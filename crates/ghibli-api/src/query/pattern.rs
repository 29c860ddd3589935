use regex::{Regex, RegexBuilder};

/// The most bytes of a pattern.
const LONGEST: usize = 512;
/// The most memory that a pattern may take.
const MOST_BYTES: usize = 1 << 20;
/// How deep a pattern may nest.
const DEEPEST: u32 = 50;

/// A JavaScript pattern, whatever the case of what it matches. Matching takes linear time.
///
/// # Errors
/// Why it cannot be used, in words.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    RegexBuilder::new(&translated(pattern))
        .case_insensitive(true)
        .size_limit(MOST_BYTES)
        .dfa_size_limit(MOST_BYTES)
        .nest_limit(DEEPEST)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it repeats too much".to_owned(),
            _ => format!(
                "it is not valid, or it looks around or back, which is not answered here \
                 (the pattern was {pattern:?})"
            ),
        })
}

/// The same pattern in the words of Rust's engine, where they differ.
fn translated(pattern: &str) -> String {
    let mut translated = String::with_capacity(pattern.len() + 16);
    let mut characters = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('d') => translated.push_str("[0-9]"),
                Some('D') => translated.push_str("[^0-9]"),
                Some('w') => translated.push_str("[0-9A-Za-z_]"),
                Some('W') => translated.push_str("[^0-9A-Za-z_]"),
                // A letter without a meaning of its own stands for itself.
                Some(letter) if letter.is_ascii_alphabetic() && !"bBfnrstuvx".contains(letter) => {
                    translated.push(letter);
                }
                Some(other) if !other.is_ascii() => translated.push(other),
                Some(other) => translated.extend(['\\', other]),
                None => translated.push('\\'),
            },
            '[' if in_class => translated.push_str("\\["),
            '[' => {
                in_class = true;
                translated.push('[');
                let negated = characters.next_if_eq(&'^').is_some();
                if negated {
                    translated.push('^');
                }
                if characters.peek() == Some(&']') {
                    characters.next();
                    in_class = false;
                    // An empty class matches nothing, a negated one everything.
                    translated.truncate(translated.len() - 1 - usize::from(negated));
                    translated.push_str(if negated { "(?s:.)" } else { "[^\\s\\S]" });
                }
            }
            ']' if in_class => {
                in_class = false;
                translated.push(']');
            }
            '&' | '~' | '-' if in_class && characters.peek() == Some(&character) => {
                translated.extend(['\\', character]);
            }
            ']' | '}' if !in_class => {
                if character == ']' || !is_repetition(&translated) {
                    translated.push('\\');
                }
                translated.push(character);
            }
            '{' if !in_class && !begins_repetition(characters.clone()) => {
                translated.push_str("\\{")
            }
            _ => translated.push(character),
        }
    }
    translated
}

/// Whether digits, a comma and digits follow up to a brace.
fn begins_repetition(rest: impl Iterator<Item = char>) -> bool {
    let inner: String = rest.take(24).collect();
    inner
        .split_once('}')
        .is_some_and(|(inner, _)| is_counts(inner))
}

fn is_repetition(before: &str) -> bool {
    before
        .rsplit_once('{')
        .is_some_and(|(start, inner)| !start.ends_with('\\') && is_counts(inner))
}

fn is_counts(inner: &str) -> bool {
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    !least.is_empty()
        && least
            .bytes()
            .chain(most.bytes())
            .all(|b| b.is_ascii_digit())
}
