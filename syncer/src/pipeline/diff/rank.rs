/// The distance between new neighbours' ranks: 32 items fit in between, each inserted beside the
/// last, before all must be renumbered.
const RANK_GAP: i64 = 1 << 32;

/// The ranks of items in the source's order, given the ranks that they have (`None`: new).
///
/// As many items as possible keep theirs; only a moved item gets a new one, between those of its
/// neighbours. If none is free between them, all items are renumbered.
pub(super) fn assign(old: &[Option<i64>]) -> Vec<i64> {
    let kept = longest_ascending(old);
    let mut ranks = Vec::with_capacity(old.len());
    let mut start = 0;
    // The rank of the last kept item.
    let mut low: Option<i64> = None;
    for place in kept.into_iter().map(Some).chain([None]) {
        let end = place.unwrap_or(old.len());
        let high = place.and_then(|place| old[place]);
        let Some(between) = spread(low, high, end - start) else {
            return spread(None, None, old.len()).unwrap_or_default();
        };
        ranks.extend(between);
        ranks.extend(high);
        low = high;
        start = end + 1;
    }
    ranks
}

/// `count` ascending ranks between two, if so many are free.
fn spread(low: Option<i64>, high: Option<i64>, count: usize) -> Option<Vec<i64>> {
    let count = i64::try_from(count).ok()?;
    let (first, step) = match (low, high) {
        (None, None) => (RANK_GAP, RANK_GAP),
        (Some(low), None) => (low.checked_add(RANK_GAP)?, RANK_GAP),
        (None, Some(high)) => (high.checked_sub(RANK_GAP.checked_mul(count)?)?, RANK_GAP),
        (Some(low), Some(high)) => {
            let step = high.checked_sub(low)? / (count + 1);
            (low.checked_add(step)?, step)
        }
    };
    if step == 0 && count > 0 {
        return None;
    }
    (0..count)
        .map(|index| first.checked_add(step.checked_mul(index)?))
        .collect()
}

/// The places of a longest ascending subsequence of the ranks, new items left out.
fn longest_ascending(ranks: &[Option<i64>]) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; ranks.len()];
    for (place, rank) in ranks.iter().enumerate() {
        let Some(rank) = rank else { continue };
        let length = ends.partition_point(|&end| ranks[end].is_some_and(|other| other < *rank));
        before[place] = length.checked_sub(1).map(|length| ends[length]);
        if length == ends.len() {
            ends.push(place);
        } else {
            ends[length] = place;
        }
    }
    let mut run: Vec<usize> =
        std::iter::successors(ends.last().copied(), |&place| before[place]).collect();
    run.reverse();
    run
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ascending(ranks: &[i64]) -> bool {
        ranks.windows(2).all(|pair| pair[0] < pair[1])
    }

    #[test]
    fn a_new_item_ranks_between_its_neighbours_which_keep_their_ranks() {
        let ranks = assign(&[Some(10), None, Some(20), None]);
        assert_eq!((ranks[0], ranks[2]), (10, 20));
        assert!(ascending(&ranks));
    }

    #[test]
    fn only_a_moved_item_gets_a_new_rank() {
        let ranks = assign(&[Some(40), Some(10), Some(20), Some(30)]);
        assert_eq!(ranks[1..], [10, 20, 30]);
        assert!(ranks[0] < 10);
    }

    #[test]
    fn all_items_are_renumbered_if_no_rank_is_free() {
        let ranks = assign(&[Some(1), None, Some(2)]);
        assert!(ascending(&ranks));
    }

    proptest! {
        #[test]
        fn ranks_always_ascend(old in prop::collection::vec(prop::option::of(any::<i64>()), 0..50)) {
            let ranks = assign(&old);
            prop_assert_eq!(ranks.len(), old.len());
            prop_assert!(ascending(&ranks));
        }

        #[test]
        fn items_in_order_keep_their_ranks(mut old in prop::collection::vec(0..1_000_000_i64, 0..50)) {
            old.sort_unstable();
            old.dedup();
            let spaced: Vec<_> = old.iter().map(|rank| Some(rank * 64)).collect();
            let ranks: Vec<_> = assign(&spaced).into_iter().map(Some).collect();
            prop_assert_eq!(ranks, spaced);
        }
    }
}
