//! A word diff of two texts.

/// Pairs of words to compare at most; longer texts are replaced as a whole.
const MAX_PAIRS: usize = 250_000;

/// A run of words that were all kept, removed or added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DiffSegment {
    pub(super) kind: SegmentKind,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SegmentKind {
    Kept,
    Removed,
    Added,
}

/// The segments of both texts: without the removed ones they are `after`, without the added ones
/// `before`, except for whitespace.
pub(super) fn diff(before: &str, after: &str) -> Vec<DiffSegment> {
    let (before, after) = (words(before), words(after));
    let same = before.iter().zip(&after);
    let head = same.take_while(|(a, b)| is_same_word(a, b)).count();
    let (old, new) = (&before[head..], &after[head..]);
    let same = old.iter().rev().zip(new.iter().rev());
    let tail = same.take_while(|(a, b)| is_same_word(a, b)).count();
    let old = &old[..old.len() - tail];
    let (new, rest) = new.split_at(new.len() - tail);

    let mut segments = Segments::default();
    segments.push(SegmentKind::Kept, &after[..head]);
    if old.len().saturating_mul(new.len()) > MAX_PAIRS {
        segments.push(SegmentKind::Removed, old);
        segments.push(SegmentKind::Added, new);
    } else {
        align(old, new, &mut segments);
    }
    segments.push(SegmentKind::Kept, rest);
    segments.0
}

/// Words, each with the whitespace after it.
fn words(text: &str) -> Vec<&str> {
    text.split_inclusive(char::is_whitespace).collect()
}

/// Whether two words are equal except for the whitespace after them.
fn is_same_word(a: &str, b: &str) -> bool {
    a.trim_end() == b.trim_end()
}

/// Appends the segments of a longest common subsequence.
fn align(old: &[&str], new: &[&str], segments: &mut Segments) {
    let width = new.len() + 1;
    // The length of the longest common subsequence of `old[i..]` and `new[j..]`.
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
            segments.push(SegmentKind::Kept, &new[j..=j]);
            (i, j) = (i + 1, j + 1);
        } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
            segments.push(SegmentKind::Removed, &old[i..=i]);
            i += 1;
        } else {
            segments.push(SegmentKind::Added, &new[j..=j]);
            j += 1;
        }
    }
    segments.push(SegmentKind::Removed, &old[i..]);
    segments.push(SegmentKind::Added, &new[j..]);
}

#[derive(Default)]
struct Segments(Vec<DiffSegment>);

impl Segments {
    fn push(&mut self, kind: SegmentKind, words: &[&str]) {
        if words.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.kind == kind => last.text.extend(words.iter().copied()),
            _ => self.0.push(DiffSegment {
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
        let segments = diff(before, after);
        let segments = segments.iter().map(|segment| match segment.kind {
            SegmentKind::Kept => segment.text.clone(),
            SegmentKind::Removed => format!("[-{}]", segment.text),
            SegmentKind::Added => format!("[+{}]", segment.text),
        });
        segments.collect()
    }

    #[test]
    fn only_the_words_that_differ_are_marked() {
        let one = marked("a girl and her dog", "a boy and her old dog");
        assert_eq!(one, "a [-girl ][+boy ]and her [+old ]dog");
        let two = marked("The end.", "The end. At last.");
        assert_eq!(two, "The end. [+At last.]");
    }

    #[test]
    fn very_long_texts_are_replaced_as_a_whole() {
        let (before, after) = ("a ".repeat(2_000), "b ".repeat(2_000));
        assert_eq!(diff(&before, &after).len(), 2);
    }

    proptest! {
        #[test]
        fn segments_contain_both_texts(before in "[ab ]{0,40}", after in "[ab ]{0,40}") {
            let segments = diff(&before, &after);
            let without = |kind| -> String {
                let segments = segments.iter().filter(|segment| segment.kind != kind);
                segments.map(|segment| segment.text.as_str()).collect()
            };
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&without(SegmentKind::Added)), bare(&before));
            prop_assert_eq!(without(SegmentKind::Removed), after);
        }
    }
}
