//! JSON as the source's own server writes it: with two spaces, or as a script's call.

use axum::body::Bytes;
use serde_json::Value;

use crate::error::AppError;

/// How many records a piece of a long list has.
const PIECE: usize = 250;

pub(super) fn pretty(value: &Value) -> Result<String, AppError> {
    serde_json::to_string_pretty(value).map_err(|error| AppError::Internal(error.into()))
}

/// JSON as the argument of a function (JSONP).
pub(super) fn callback(name: &str, json: &str) -> String {
    // Line ends of JavaScript that are none of JSON.
    let json = json
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    // The comment keeps the first bytes out of the caller's hands.
    format!("/**/ typeof {name} === 'function' && {name}({json});")
}

/// A list in pieces, which together are its pretty JSON.
pub(super) struct JsonList<T, F> {
    values: std::vec::IntoIter<T>,
    form: F,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Begun,
    Between,
    Ended,
}

impl<T, F: FnMut(T) -> Result<Value, AppError>> JsonList<T, F> {
    pub(super) fn of(values: Vec<T>, form: F) -> Self {
        Self {
            values: values.into_iter(),
            form,
            state: State::Begun,
        }
    }

    fn piece(&mut self) -> Result<String, AppError> {
        let mut text = String::new();
        for value in self.values.by_ref().take(PIECE) {
            text.push_str(match self.state {
                State::Begun => "[\n  ",
                _ => ",\n  ",
            });
            self.state = State::Between;
            let value = (self.form)(value)?;
            text.push_str(&pretty(&value)?.replace('\n', "\n  "));
        }
        if self.values.len() == 0 {
            text.push_str(match self.state {
                State::Begun => "[]",
                _ => "\n]",
            });
            self.state = State::Ended;
        }
        Ok(text)
    }
}

impl<T, F: FnMut(T) -> Result<Value, AppError>> Iterator for JsonList<T, F> {
    type Item = Result<Bytes, AppError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Ended {
            return None;
        }
        let piece = self.piece();
        if piece.is_err() {
            self.state = State::Ended;
        }
        Some(piece.map(Bytes::from))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_pieces_of_a_list_are_its_json() {
        for length in [0, 1, 2, PIECE, PIECE + 1, 3 * PIECE] {
            let values: Vec<_> = (0..length)
                .map(|n| json!({"a": n, "b": ["line\nbreak", {}], "c": []}))
                .collect();
            let pieces = JsonList::of(values.clone(), Ok);
            let text: Vec<u8> = pieces.flat_map(|piece| piece.unwrap()).collect();
            let whole = pretty(&Value::from(values)).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), whole, "{length}");
        }
    }

    #[test]
    fn a_call_holds_no_line_end_of_a_script() {
        let called = callback("f", "\"a\u{2028}b\"");
        assert_eq!(called, "/**/ typeof f === 'function' && f(\"a\\u2028b\");");
    }
}
