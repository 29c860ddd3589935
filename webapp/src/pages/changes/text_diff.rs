//! How one text became another, word by word.

/// The most pairs of words that are compared; beyond, one text goes and the other comes.
const MOST_PAIRS: usize = 250_000;

/// A stretch of text and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) fate: Fate,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stayed,
    Went,
    Came,
}

/// The pieces that both texts are made of: without what went they are the second one, without
/// what came, blanks aside, the first.
pub(super) fn compare(before: &str, after: &str) -> Vec<Piece> {
    let (before, after) = (words(before), words(after));
    let same = before.iter().zip(&after);
    let head = same.take_while(|(a, b)| alike(a, b)).count();
    let (old, new) = (&before[head..], &after[head..]);
    let same = old.iter().rev().zip(new.iter().rev());
    let tail = same.take_while(|(a, b)| alike(a, b)).count();
    let old = &old[..old.len() - tail];
    let (new, rest) = new.split_at(new.len() - tail);

    let mut pieces = Pieces::default();
    pieces.push(Fate::Stayed, &after[..head]);
    if old.len().saturating_mul(new.len()) > MOST_PAIRS {
        pieces.push(Fate::Went, old);
        pieces.push(Fate::Came, new);
    } else {
        align(old, new, &mut pieces);
    }
    pieces.push(Fate::Stayed, rest);
    pieces.0
}

/// Words with the blanks that follow them.
fn words(text: &str) -> Vec<&str> {
    text.split_inclusive(char::is_whitespace).collect()
}

/// Whether two words are the same, whatever follows them.
fn alike(a: &str, b: &str) -> bool {
    a.trim_end() == b.trim_end()
}

/// Along a longest common subsequence.
fn align(old: &[&str], new: &[&str], pieces: &mut Pieces) {
    let width = new.len() + 1;
    // How many words the rests from here on have in common.
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            common[i * width + j] = if alike(a, b) {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() && j < new.len() {
        if alike(old[i], new[j]) {
            pieces.push(Fate::Stayed, &new[j..=j]);
            (i, j) = (i + 1, j + 1);
        } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
            pieces.push(Fate::Went, &old[i..=i]);
            i += 1;
        } else {
            pieces.push(Fate::Came, &new[j..=j]);
            j += 1;
        }
    }
    pieces.push(Fate::Went, &old[i..]);
    pieces.push(Fate::Came, &new[j..]);
}

#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    fn push(&mut self, fate: Fate, words: &[&str]) {
        if words.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.fate == fate => last.text.extend(words.iter().copied()),
            _ => self.0.push(Piece {
                fate,
                text: words.concat(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(before: &str, after: &str) -> String {
        let pieces = compare(before, after);
        let pieces = pieces.iter().map(|piece| match piece.fate {
            Fate::Stayed => piece.text.clone(),
            Fate::Went => format!("[-{}]", piece.text),
            Fate::Came => format!("[+{}]", piece.text),
        });
        pieces.collect()
    }

    #[test]
    fn only_the_words_that_differ_are_marked() {
        let one = told("a girl and her dog", "a boy and her old dog");
        assert_eq!(one, "a [-girl ][+boy ]and her [+old ]dog");
        let two = told("The end.", "The end. At last.");
        assert_eq!(two, "The end. [+At last.]");
    }

    #[test]
    fn texts_without_end_are_not_compared_word_by_word() {
        let (before, after) = ("a ".repeat(2_000), "b ".repeat(2_000));
        assert_eq!(compare(&before, &after).len(), 2);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_the_pieces(before in "[ab ]{0,40}", after in "[ab ]{0,40}") {
            let pieces = compare(&before, &after);
            let without = |fate| -> String {
                let pieces = pieces.iter().filter(|piece| piece.fate != fate);
                pieces.map(|piece| piece.text.as_str()).collect()
            };
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&without(Fate::Came)), bare(&before));
            prop_assert_eq!(without(Fate::Went), after);
        }
    }
}
