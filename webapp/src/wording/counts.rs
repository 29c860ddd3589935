use common::models::Counts;

/// Such as “3 added, 1 updated”; “no changes” if there are none.
pub(crate) fn counts_in_words(counts: Counts) -> String {
    in_words(counts, |_| "")
}

/// Such as “3 items added, 1 updated”; “no changes” if there are none.
pub(crate) fn item_counts_in_words(counts: Counts) -> String {
    in_words(counts, |first| if first == 1 { " item" } else { " items" })
}

/// `noun` gets the first count and returns what to write after it.
fn in_words(counts: Counts, noun: impl Fn(u64) -> &'static str) -> String {
    let counts = [
        (counts.added, "added"),
        (counts.updated, "updated"),
        (counts.removed, "removed"),
    ];
    let mut words = Vec::new();
    for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
        let noun = if words.is_empty() { noun(count) } else { "" };
        words.push(format!("{count}{noun} {what}"));
    }
    if words.is_empty() {
        return "no changes".into();
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_zero_are_left_out() {
        for (added, updated, removed, line) in [
            (0, 0, 0, "no changes"),
            (0, 1, 0, "1 item updated"),
            (2, 1, 3, "2 items added, 1 updated, 3 removed"),
        ] {
            let counts = Counts {
                added,
                updated,
                removed,
            };
            assert_eq!(item_counts_in_words(counts), line);
            let without_noun = line.replace(" items", "").replace(" item", "");
            assert_eq!(counts_in_words(counts), without_noun);
        }
    }
}
