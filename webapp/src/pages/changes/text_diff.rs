//! The difference of two texts, word by word.

/// Pairs of words to compare at most; beyond, one text is replaced by the other.
const MAX_PAIRS: usize = 250_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DiffPart {
    pub(super) kind: DiffKind,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DiffKind {
    Unchanged,
    Removed,
    Added,
}

/// The parts of both texts: without the removed ones they are the second text, without the added
/// ones, white space aside, the first.
pub(super) fn text_diff(before: &str, after: &str) -> Vec<DiffPart> {
    let (before, after) = (words(before), words(after));
    let same = before.iter().zip(&after);
    let head = same.take_while(|(a, b)| is_same_word(a, b)).count();
    let (old, new) = (&before[head..], &after[head..]);
    let same = old.iter().rev().zip(new.iter().rev());
    let tail = same.take_while(|(a, b)| is_same_word(a, b)).count();
    let old = &old[..old.len() - tail];
    let (new, rest) = new.split_at(new.len() - tail);

    let mut parts = DiffParts::default();
    parts.push(DiffKind::Unchanged, &after[..head]);
    if old.len().saturating_mul(new.len()) > MAX_PAIRS {
        parts.push(DiffKind::Removed, old);
        parts.push(DiffKind::Added, new);
    } else {
        align(old, new, &mut parts);
    }
    parts.push(DiffKind::Unchanged, rest);
    parts.0
}

/// Words with the white space after them.
fn words(text: &str) -> Vec<&str> {
    text.split_inclusive(char::is_whitespace).collect()
}

fn is_same_word(a: &str, b: &str) -> bool {
    a.trim_end() == b.trim_end()
}

/// Aligns two texts along a longest common subsequence of words.
fn align(old: &[&str], new: &[&str], parts: &mut DiffParts) {
    let width = new.len() + 1;
    // The length of the longest common subsequence from each pair of words on.
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            common[i * width + j] = if is_same_word(a, b) {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() && j < new.len() {
        if is_same_word(old[i], new[j]) {
            parts.push(DiffKind::Unchanged, &new[j..=j]);
            (i, j) = (i + 1, j + 1);
        } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
            parts.push(DiffKind::Removed, &old[i..=i]);
            i += 1;
        } else {
            parts.push(DiffKind::Added, &new[j..=j]);
            j += 1;
        }
    }
    parts.push(DiffKind::Removed, &old[i..]);
    parts.push(DiffKind::Added, &new[j..]);
}

#[derive(Default)]
struct DiffParts(Vec<DiffPart>);

impl DiffParts {
    fn push(&mut self, kind: DiffKind, words: &[&str]) {
        if words.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.kind == kind => last.text.extend(words.iter().copied()),
            _ => self.0.push(DiffPart {
                kind,
                text: words.concat(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(before: &str, after: &str) -> String {
        let parts = text_diff(before, after);
        let parts = parts.iter().map(|part| match part.kind {
            DiffKind::Unchanged => part.text.clone(),
            DiffKind::Removed => format!("[-{}]", part.text),
            DiffKind::Added => format!("[+{}]", part.text),
        });
        parts.collect()
    }

    #[test]
    fn only_words_that_differ_are_marked() {
        let one = marked("a girl and her dog", "a boy and her old dog");
        assert_eq!(one, "a [-girl ][+boy ]and her [+old ]dog");
        let two = marked("The end.", "The end. At last.");
        assert_eq!(two, "The end. [+At last.]");
    }

    #[test]
    fn very_long_texts_are_not_compared_word_by_word() {
        let (before, after) = ("a ".repeat(2_000), "b ".repeat(2_000));
        assert_eq!(text_diff(&before, &after).len(), 2);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_the_parts(before in "[ab ]{0,40}", after in "[ab ]{0,40}") {
            let parts = text_diff(&before, &after);
            let without = |kind| -> String {
                let parts = parts.iter().filter(|part| part.kind != kind);
                parts.map(|part| part.text.as_str()).collect()
            };
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&without(DiffKind::Added)), bare(&before));
            prop_assert_eq!(without(DiffKind::Removed), after);
        }
    }
}
