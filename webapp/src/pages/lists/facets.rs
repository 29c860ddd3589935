//! The filters above a list: active ones, and the values to choose from with their item counts.

use catalogue_index::{FacetCounts, Field, Filter};
use common::models::{Catalogue, Kind, Link};
use roaring::RoaringBitmap;
use text_folding::sort_key;

use super::view::{ListView, YEAR_MAX, YEAR_MIN, offered};
use crate::lists::filters::{FilterCondition, ListFilter, UnknownItem, combine};
use crate::state::{Site, find};
use crate::wording::shortened;

/// Values that a facet offers at most.
const MAX_VALUES: usize = 100;

/// A filter with the values to choose from.
pub(super) struct Facet {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) values: Vec<FacetValue>,
}

pub(super) struct FacetValue {
    pub(super) value: String,
    pub(super) label: String,
    /// Number of items with it; unknown if none has, or if it is rare in a very large list.
    pub(super) count: Option<u64>,
    pub(super) is_selected: bool,
}

/// An active filter or sort order, and the address of the list without it.
pub(super) struct Chip {
    pub(super) label: String,
    pub(super) without: String,
}

/// The active filters except one, as the index takes them.
pub(super) fn index_filters(
    site: &Site,
    view: &ListView,
    except: Option<&ListFilter>,
) -> Vec<Filter> {
    let filters = view.filters.iter();
    let filters = filters.filter(|(filter, _)| except != Some(filter));
    combine(filters.map(|(filter, value)| {
        let filter = filter.with_value(view.kind, value, site);
        filter.unwrap_or_else(|UnknownItem(_)| Filter::Among(RoaringBitmap::new()))
    }))
}

/// The facets of a list. Each counts with all active filters except its own.
pub(super) fn facets(site: &Site, view: &ListView) -> Vec<Facet> {
    let counts = |except| {
        let found = site
            .indexes
            .lists
            .find(view.kind, &index_filters(site, view, except));
        site.indexes.lists.counts(view.kind, found)
    };
    let filtered_counts = counts(None);
    let facets = offered(view.kind).filter_map(|(filter, control)| {
        if !control.is_facet {
            return None;
        }
        let values = match view.value(filter.name) {
            Some(selected) => values(site, view, filter, Some(selected), &counts(Some(filter))),
            None => values(site, view, filter, None, &filtered_counts),
        };
        Some(Facet {
            name: filter.name,
            label: control.label,
            values,
        })
    });
    // A single value that all items share is no choice.
    facets
        .filter(|facet| {
            facet.values.len() > 1 || facet.values.iter().any(|value| value.is_selected)
        })
        .collect()
}

fn values(
    site: &Site,
    view: &ListView,
    filter: &ListFilter,
    selected: Option<&str>,
    counts: &FacetCounts<'_>,
) -> Vec<FacetValue> {
    let catalogue = &site.snapshot.catalogue;
    let link = link(view.kind, filter.condition);
    let counts = match (filter.condition, link) {
        (_, Some(link)) => {
            let counts = counts.links(link).iter().take(MAX_VALUES);
            counts
                .filter(|(id, _)| is_shown(catalogue, view, link, id))
                .map(|(id, count)| (id.to_string(), *count))
                .collect()
        }
        (FilterCondition::RelatedTo(Kind::Species), _) => counts.values(Field::Species, MAX_VALUES),
        (FilterCondition::Is(field), _) => counts.values(field, MAX_VALUES),
        _ => Vec::new(),
    };
    let selected = selected.map(|value| value_and_label(site, filter, value));
    let mut values: Vec<_> = counts
        .into_iter()
        .map(|(value, count)| {
            let (value, label) = value_and_label(site, filter, &value);
            let selected = selected.as_ref();
            FacetValue {
                is_selected: selected
                    .is_some_and(|(selected, _)| selected.to_lowercase() == value.to_lowercase()),
                value,
                label,
                count: Some(count),
            }
        })
        .collect();
    if link.is_some() && values.iter().all(|value| value.count == Some(1)) {
        values.sort_by_cached_key(|value| sort_key(&value.label));
    }
    if let Some((value, label)) = selected
        && !values.iter().any(|value| value.is_selected)
    {
        values.push(FacetValue {
            value,
            label,
            count: None,
            is_selected: true,
        });
    }
    values
}

/// The relation by which movies are counted. Species are counted as values of a field instead,
/// which is also possible in very large lists.
fn link(kind: Kind, condition: FilterCondition) -> Option<Link> {
    match (kind, condition) {
        (Kind::Movie, FilterCondition::RelatedTo(Kind::Person)) => Some(Link::MoviePerson),
        (Kind::Movie, FilterCondition::RelatedTo(Kind::Location)) => Some(Link::MovieLocation),
        (Kind::Movie, FilterCondition::RelatedTo(Kind::Vehicle)) => Some(Link::MovieVehicle),
        _ => None,
    }
}

/// Whether a facet offers an item: people who are not human only where the list shows them.
fn is_shown(catalogue: &Catalogue, view: &ListView, link: Link, id: &str) -> bool {
    link != Link::MoviePerson
        || !view.humans_only
        || catalogue
            .get(Kind::Person, id)
            .is_some_and(|person| catalogue.is_human(&person))
}

/// A value in addresses and its label: the slug and the name of an item, or a text as the catalogue
/// writes it for both.
fn value_and_label(site: &Site, filter: &ListFilter, value: &str) -> (String, String) {
    let text = match filter.condition {
        FilterCondition::RelatedTo(kind) => match find(&site.snapshot.catalogue, kind, value) {
            Some(item) => return (item.slug.to_string(), item.name().to_owned()),
            None => value.to_owned(),
        },
        FilterCondition::Is(field) => site.indexes.lists.as_written(field, value),
        _ => value.to_owned(),
    };
    (text.clone(), text)
}

/// The active filters and sort order, each with the link that removes it.
pub(super) fn chips(site: &Site, view: &ListView) -> Vec<Chip> {
    let filters = view.filters.iter().enumerate();
    let filters = filters.filter_map(|(index, (filter, value))| {
        let (_, value) = value_and_label(site, filter, value);
        let control = filter.control?;
        let colon = if control.is_facet { ":" } else { "" };
        Some(Chip {
            label: format!("{}{colon} {}", control.label, shortened(&value)),
            without: view.without_filter(index),
        })
    });
    let humans = view.humans_only.then(|| Chip {
        label: "Human characters only".into(),
        without: view.with_all_people(),
    });
    let sort = view.sort.map(|sort| Chip {
        label: format!("Sorted by {}", sort.phrase),
        without: view.unsorted(),
    });
    filters.chain(humans).chain(sort).collect()
}

/// Such as “Movies directed by Hayao Miyazaki of the 1990s”.
pub(super) fn heading(site: &Site, view: &ListView, plain: &str) -> String {
    let mut heading = plain.to_owned();
    for (filter, value) in &view.filters {
        let (_, value) = value_and_label(site, filter, value);
        let phrase = match (filter.name, view.years()) {
            (YEAR_MIN, Some((first, last))) => Some(years_in_words(first, last)),
            (YEAR_MAX, Some(_)) => None,
            _ => filter
                .control
                .map(|control| control.phrase(&shortened(&value))),
        };
        if let Some(phrase) = phrase {
            heading.push(' ');
            heading.push_str(&phrase);
        }
    }
    heading
}

/// Such as “of 1988”, “of the 1980s” or “from 1988 to 1992”.
fn years_in_words(first: u32, last: u32) -> String {
    if first == last {
        format!("of {first}")
    } else if first.is_multiple_of(10) && last == first + 9 {
        format!("of the {first}s")
    } else {
        format!("from {first} to {last}")
    }
}
