//! Descriptions with code in backticks.

/// A part of a description.
pub(super) struct Span<'a> {
    pub(super) text: &'a str,
    pub(super) is_code: bool,
}

/// Splits a description at its backticks.
pub(super) fn spans<T: AsRef<str> + ?Sized>(text: &T) -> impl Iterator<Item = Span<'_>> {
    let spans = text
        .as_ref()
        .split('`')
        .zip([false, true].into_iter().cycle());
    let spans = spans.map(|(text, is_code)| Span { text, is_code });
    spans.filter(|span| !span.text.is_empty())
}
