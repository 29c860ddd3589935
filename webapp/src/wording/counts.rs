use common::models::Counts;

/// How many items were added, updated and removed; what is none is left out.
pub(crate) fn counts_in_words(counts: Counts) -> String {
    let words = [
        (counts.added, "added"),
        (counts.updated, "updated"),
        (counts.removed, "removed"),
    ];
    let words: Vec<_> = words
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if words.is_empty() {
        return "no changes".into();
    }
    words.join(", ")
}
