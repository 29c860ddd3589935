//! The fuse: it holds a run whose delta looks like damage at the source. Pure.

use std::fmt;

use common::models::{Catalogue, Change, Kind};

use crate::parse::Upstream;

/// How many items of a kind may be gone at once whatever their share.
const FEW: usize = 3;
/// The share of a kind's items, in percent, that may be gone at once when they are more.
const MOST_GONE_PERCENT: usize = 20;

/// Why a run is held: the rule and its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// A kind came without any item.
    Empty {
        /// The kind.
        kind: Kind,
        /// How many are published.
        published: usize,
    },
    /// Too many items of a kind are gone.
    Gone {
        /// The kind.
        kind: Kind,
        /// How many are gone.
        gone: usize,
        /// How many are published.
        published: usize,
    },
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { kind, published } => write!(
                f,
                "the source has no {} at all, and {published} are published",
                kind.plural()
            ),
            Self::Gone {
                kind,
                gone,
                published,
            } => write!(
                f,
                "the source has lost {gone} of {published} {}, more than {FEW} and more than {MOST_GONE_PERCENT} %",
                kind.plural()
            ),
        }
    }
}

/// Judges what the source gave against what is published.
pub fn judge(published: &Catalogue, upstream: &Upstream, changes: &[Change]) -> Option<Hold> {
    Kind::ALL.into_iter().find_map(|kind| {
        let count = published.count(kind);
        if upstream.came(kind) == 0 {
            return Some(Hold::Empty {
                kind,
                published: count,
            });
        }
        let gone = changes
            .iter()
            .filter(|change| change.kind == kind && change.after.is_none())
            .count();
        (gone > FEW && gone * 100 > count * MOST_GONE_PERCENT).then_some(Hold::Gone {
            kind,
            gone,
            published: count,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;
    use crate::samples::{published, upstream};

    fn held(before: usize, after: usize) -> Option<Hold> {
        let published = published(before);
        let upstream = upstream(after);
        judge(&published, &upstream, &diff(&published, &upstream))
    }

    #[test]
    fn an_empty_kind_is_held_even_on_an_empty_store() {
        assert!(matches!(
            held(5, 0),
            Some(Hold::Empty {
                kind: Kind::Movie,
                published: 5
            })
        ));
        let nothing = Catalogue::default();
        assert!(judge(&nothing, &Upstream::default(), &[]).is_some());
    }

    #[test]
    fn losing_more_than_three_and_more_than_a_fifth_is_held() {
        assert_eq!(held(5, 2), None);
        assert_eq!(held(20, 16), None);
        assert!(matches!(
            held(19, 15),
            Some(Hold::Gone {
                gone: 4,
                published: 19,
                ..
            })
        ));
        assert!(held(5, 1).is_some());
    }

    #[test]
    fn new_items_are_never_held() {
        assert_eq!(held(1, 1000), None);
    }
}
