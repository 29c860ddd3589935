//! Palettes that differ from those of the neighbours in the two default orders of lists: the
//! source's, and for movies that of the years.
//!
//! This is a greedy colouring in the order of a hash of the ids. The palette of an item depends on
//! those of its neighbours with greater hashes, on theirs, and so on: on a few items on average,
//! however large the catalogue is. Each item has one preference more than it can have neighbours.

use catalogue_index::{ListIndex, Sort};
use common::models::{Facts, Item, Kind, Number};
use xxhash_rust::xxh3::xxh3_64;

use crate::color::PALETTES;
use crate::motif;

/// Longer chains of increasing hashes occur only if ids are made for them.
const MAX_DEPTH: usize = 32;
/// Maximum number of items that one palette depends on.
const MAX_ITEMS: usize = 256;

/// The index of an item's palette in [`PALETTES`].
pub(crate) fn palette(lists: &ListIndex, item: &Item) -> usize {
    let mut coloring = Coloring {
        lists,
        kind: item.kind(),
        known: Vec::new(),
    };
    coloring.palette(item, 0)
}

struct Coloring<'a> {
    lists: &'a ListIndex,
    kind: Kind,
    known: Vec<(Number, usize)>,
}

impl Coloring<'_> {
    fn palette(&mut self, item: &Item, depth: usize) -> usize {
        let number = self.lists.number(self.kind, &item.id);
        if let Some((_, palette)) = self.known.iter().find(|(known, _)| Some(*known) == number) {
            return *palette;
        }
        let mut taken = Vec::new();
        if let Some(number) = number
            && depth < MAX_DEPTH
            && self.known.len() < MAX_ITEMS
        {
            for neighbour in self.neighbours(number) {
                if priority(&neighbour) > priority(item) {
                    taken.push(self.palette(&neighbour, depth + 1));
                }
            }
        }
        let preferred = preferences(self.lists, item);
        let free = preferred.iter().find(|palette| !taken.contains(palette));
        let palette = *free.unwrap_or(&preferred[0]);
        self.known.extend(number.map(|number| (number, palette)));
        palette
    }

    fn neighbours(&self, number: Number) -> Vec<std::sync::Arc<Item>> {
        let sorts: &[Sort] = match self.kind {
            Kind::Movie => &[Sort::Source, Sort::Year],
            _ => &[Sort::Source],
        };
        let numbers = sorts.iter().flat_map(|sort| {
            let (before, after) = self.lists.neighbour_numbers(self.kind, number, *sort);
            before.into_iter().chain(after)
        });
        numbers
            .filter_map(|number| self.lists.item(number))
            .collect()
    }
}

/// Without ties.
fn priority(item: &Item) -> (u64, &str) {
    (xxh3_64(item.id.as_bytes()), &item.id)
}

/// Different palettes, the best first.
fn preferences(lists: &ListIndex, item: &Item) -> [usize; 5] {
    let hash = xxh3_64(item.id.as_bytes());
    match &item.facts {
        Facts::Movie(movie) => {
            let (motif, _) = motif::of(lists.catalogue(), hash, movie);
            motif.scene().palettes
        }
        _ => {
            let first = usize::try_from(hash >> 32).unwrap_or_default();
            std::array::from_fn(|place| (first + 5 * place) % PALETTES.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use common::models::{Movie, SourceRecord};
    use common::seed;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn neighbours_in_the_known_catalogue_have_different_palettes() {
        let lists = ListIndex::of(&seed::snapshot().catalogue);
        for kind in Kind::ALL {
            assert_differ(&lists, kind);
        }
    }

    #[test]
    fn a_chain_of_any_length_is_colored_without_a_pass_over_it() {
        // Sorted by their hashes: each palette would depend on all that follow.
        let mut items: Vec<_> = (0..5000)
            .map(|id| movie(&format!("{id}"), 0, None))
            .collect();
        items.sort_by_key(|item| xxh3_64(item.id.as_bytes()));
        let ranked = items.iter().zip(1..).map(|(item, rank)| {
            Arc::new(Item {
                rank,
                ..(**item).clone()
            })
        });
        let lists = ListIndex::of(&ranked.collect());
        let mut coloring = Coloring {
            lists: &lists,
            kind: Kind::Movie,
            known: Vec::new(),
        };
        coloring.palette(&items[0], 0);
        assert!(coloring.known.len() <= MAX_ITEMS + MAX_DEPTH);
    }

    proptest! {
        #[test]
        fn neighbours_in_any_catalogue_have_different_palettes(
            movies in prop::collection::vec(("[a-z0-9]{1,8}", any::<i16>(), prop::option::of(1900_u16..1910)), 0..60),
        ) {
            let movies = movies.into_iter().zip(0..);
            let movies = movies.map(|((id, rank, year), place)| {
                movie(&format!("{id}-{place}"), i64::from(rank) * 100 + place, year)
            });
            assert_differ(&ListIndex::of(&movies.collect()), Kind::Movie);
        }
    }

    fn assert_differ(lists: &ListIndex, kind: Kind) {
        let all = lists.find(kind, &[]);
        for sort in [Sort::Source, Sort::Year] {
            if sort == Sort::Year && kind != Kind::Movie {
                continue;
            }
            let items = lists.page(kind, &all, (sort, false), (0, usize::MAX));
            let palettes: Vec<_> = items.iter().map(|item| palette(lists, item)).collect();
            for (pair, items) in palettes.windows(2).zip(items.windows(2)) {
                let names = (items[0].name(), items[1].name());
                assert_ne!(pair[0], pair[1], "{names:?} by {sort:?}");
            }
        }
    }

    fn movie(id: &str, rank: i64, release_year: Option<u16>) -> Arc<Item> {
        Arc::new(Item {
            id: id.into(),
            slug: id.into(),
            rank,
            facts: Facts::Movie(Movie {
                title: format!("Castle {id}"),
                release_year,
                ..Movie::default()
            }),
            source: SourceRecord::new(RawValue::from_string("{}".into()).unwrap()),
        })
    }
}
