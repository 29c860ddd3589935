use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use common::models::{Id, Kind, Link, Number};
use roaring::RoaringBitmap;

use crate::field::{self, Field, FieldValue};
use crate::list_index::ListIndex;

/// Up to this many items are scanned one by one; larger sets are intersected with bitmaps.
const MAX_SCANNED_ITEMS: u64 = 4096;
/// Maximum number of a field's values, the most frequent first, that a larger set is intersected
/// with.
const MAX_COUNTED_VALUES: usize = 200;
/// A set is sparse if it has at most one in this many of the numbers up to its highest. Roaring
/// stores most of it as arrays then, and intersecting those is slower than intersecting bitmaps.
const SPARSE_RATIO: u64 = 8;

/// Facet counts of some items of a kind.
#[derive(Debug)]
pub struct FacetCounts<'a> {
    index: &'a ListIndex,
    kind: Kind,
    found: Arc<RoaringBitmap>,
    /// The counts of a small set, from one scan.
    scanned: OnceLock<ScannedCounts>,
    /// All other items of the kind, computed on first use.
    complement: OnceLock<RoaringBitmap>,
}

#[derive(Debug, Default)]
struct ScannedCounts {
    values: HashMap<(Field, FieldValue), u64>,
    links: HashMap<Link, Vec<(Id, u64)>>,
}

impl ListIndex {
    /// Counts the values and links of these items of a kind.
    pub fn counts(&self, kind: Kind, found: Arc<RoaringBitmap>) -> FacetCounts<'_> {
        FacetCounts {
            index: self,
            kind,
            found,
            scanned: OnceLock::new(),
            complement: OnceLock::new(),
        }
    }
}

impl FacetCounts<'_> {
    /// The values of a field with their counts, the most frequent first, then by value. In a large
    /// set only values that are frequent in the whole catalogue are counted.
    pub fn values(&self, field: Field, limit: usize) -> Vec<(String, u64)> {
        let mut counts: Vec<(FieldValue, u64)> = if self.is_small() && !field.is_number() {
            let values = self.scanned().values.iter();
            let of_field = values.filter(|((of, _), _)| *of == field);
            of_field
                .map(|((_, value), count)| (value.clone(), *count))
                .collect()
        } else {
            self.intersected(field)
        };
        counts.sort_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        counts.truncate(limit);
        let counts = counts.into_iter();
        counts
            .map(|(value, count)| (self.index.as_written(field, &value.to_string()), count))
            .collect()
    }

    /// The number of the movies that link to each item, the most frequent first; empty if there are too
    /// many movies to scan.
    pub fn links(&self, link: Link) -> &[(Id, u64)] {
        if !self.is_small() {
            return &[];
        }
        let links = self.scanned().links.get(&link);
        links.map(Vec::as_slice).unwrap_or_default()
    }

    fn is_small(&self) -> bool {
        self.found.len() <= MAX_SCANNED_ITEMS
    }

    fn scanned(&self) -> &ScannedCounts {
        self.scanned.get_or_init(|| match self.kind {
            Kind::Movie => ScannedCounts::of_movies(self.index, self.found.iter()),
            _ => ScannedCounts::of_others(self.index, self.found.iter()),
        })
    }

    fn intersected(&self, field: Field) -> Vec<(FieldValue, u64)> {
        let values = self.index.values_of(field);
        let mut values: Vec<_> = values
            .map(|(value, numbers)| (Reverse(numbers.len()), value, numbers))
            .collect();
        if values.len() > MAX_COUNTED_VALUES {
            values.select_nth_unstable_by_key(MAX_COUNTED_VALUES, |(count, ..)| *count);
            values.truncate(MAX_COUNTED_VALUES);
        }
        let values = values.into_iter();
        values
            .map(|(_, value, numbers)| (value.clone(), self.intersection_len(field, numbers)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// The number of found items among `numbers`, the items with a value of a field.
    fn intersection_len(&self, field: Field, numbers: &RoaringBitmap) -> u64 {
        let all = self.index.all(self.kind);
        let of_kind = || match field.kinds().count() {
            1 => numbers.len(),
            _ => numbers.intersection_len(all),
        };
        if self.found.len() == all.len() {
            return of_kind();
        }
        let highest = self.found.max().unwrap_or_default();
        if self.found.len() * SPARSE_RATIO > highest.into() {
            return numbers.intersection_len(&self.found);
        }
        // The complement of a sparse set is dense, so Roaring stores it as bitmaps.
        let complement = self.complement.get_or_init(|| all - &*self.found);
        of_kind() - numbers.intersection_len(complement)
    }
}

impl ScannedCounts {
    /// Counts movies without unpacking them.
    fn of_movies(index: &ListIndex, found: impl Iterator<Item = Number>) -> Self {
        let catalogue = index.catalogue();
        let mut texts: HashMap<(Field, &str), u64> = HashMap::new();
        let mut links: HashMap<(Link, &[u8]), u64> = HashMap::new();
        for number in found {
            let Some(credits) = catalogue.credits(number) else {
                continue;
            };
            for (field, text) in field::credited(&credits) {
                *texts.entry((field, text)).or_default() += 1;
            }
            for link in catalogue.links(number) {
                *links.entry(link).or_default() += 1;
            }
        }
        let mut scanned = Self::default();
        for ((link, id), count) in links {
            let id = common::models::decode_id(id);
            if link == Link::MovieSpecies {
                let species = (Field::Species, FieldValue::text(&id));
                *scanned.values.entry(species).or_default() += count;
            }
            scanned.links.entry(link).or_default().push((id, count));
        }
        for counts in scanned.links.values_mut() {
            counts.sort_unstable_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        }
        for ((field, text), count) in texts {
            let value = (field, FieldValue::text(text));
            *scanned.values.entry(value).or_default() += count;
        }
        scanned
    }

    fn of_others(index: &ListIndex, found: impl Iterator<Item = Number>) -> Self {
        let mut scanned = Self::default();
        for item in found.filter_map(|number| index.item(number)) {
            for value in field::values(&item) {
                *scanned.values.entry(value).or_default() += 1;
            }
        }
        scanned
    }
}
