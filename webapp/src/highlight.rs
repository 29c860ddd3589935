//! Splits a text that a search matched, for marking what matched.

use std::ops::Range;

/// The parts of a text in order, each with whether it matches.
pub(crate) fn parts<'t>(text: &'t str, spans: &[Range<usize>]) -> Vec<(&'t str, bool)> {
    let mut parts = Vec::new();
    let mut push = |range: Range<usize>, is_match| {
        if let Some(part) = text.get(range).filter(|part| !part.is_empty()) {
            parts.push((part, is_match));
        }
    };
    let mut end = 0;
    for span in spans {
        push(end..span.start, false);
        push(span.clone(), true);
        end = span.end;
    }
    push(end..text.len(), false);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_whole_text() {
        let marked = |text: &str, spans: &[Range<usize>]| -> String {
            let parts = parts(text, spans).into_iter();
            parts
                .map(|(part, is_match)| match is_match {
                    true => format!("[{part}]"),
                    false => part.to_owned(),
                })
                .collect()
        };
        let totoro = std::slice::from_ref(&(12..21));
        assert_eq!(marked("となりのトトロ", totoro), "となりの[トトロ]");
        assert_eq!(marked("My Neighbor", &[0..2, 3..11]), "[My] [Neighbor]");
        assert_eq!(marked("", &[]), "");
    }
}
