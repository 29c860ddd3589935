//! The filters above a list: active ones, and the values to choose from with their item counts.

use std::sync::Arc;

use catalogue_index::{FacetCounts, Field, Filter};
use common::models::{Catalogue, Item, Kind, Link};
use roaring::RoaringBitmap;
use text_folding::sort_key;

use super::view::{ListView, offered};
use crate::lists::filters::{Control, FilterCondition, ListFilter, UnknownItem, combine};
use crate::state::{Site, find};

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
    /// How many items have it; unknown if none has, or if it is rare in a very large list.
    pub(super) count: Option<u64>,
    pub(super) is_selected: bool,
}

/// A filter that is active, and the address of the list without it.
pub(super) struct ActiveFilter {
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
        let Control::Facet(label) = control else {
            return None;
        };
        let values = match view.value(filter.name) {
            Some(selected) => values(site, view, filter, Some(selected), &counts(Some(filter))),
            None => values(site, view, filter, None, &filtered_counts),
        };
        Some(Facet {
            name: filter.name,
            label,
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
    let selected = selected.map(|value| value_and_label(catalogue, filter, value));
    let mut values: Vec<_> = counts
        .into_iter()
        .map(|(value, count)| {
            let (value, label) = value_and_label(catalogue, filter, &value);
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
        || view.all_people
        || catalogue
            .get(Kind::Person, id)
            .is_some_and(|person| catalogue.is_human(&person))
}

/// A value as it stands in addresses, and its label: the slug and name of an item.
fn value_and_label(catalogue: &Catalogue, filter: &ListFilter, value: &str) -> (String, String) {
    let item: Option<Arc<Item>> = match filter.condition {
        FilterCondition::RelatedTo(kind) => find(catalogue, kind, value),
        _ => None,
    };
    match item {
        Some(item) => (item.slug.to_string(), item.name().to_owned()),
        None => (value.to_owned(), value.to_owned()),
    }
}

pub(super) fn active_filters(site: &Site, view: &ListView) -> Vec<ActiveFilter> {
    let filters = view.filters.iter().enumerate();
    let filters = filters.map(|(index, (filter, value))| {
        let (_, value) = value_and_label(&site.snapshot.catalogue, filter, value);
        ActiveFilter {
            label: match filter.control {
                Some(Control::Facet(label)) => format!("{label}: {value}"),
                Some(Control::Number(label)) => format!("{label} {value}"),
                None => value,
            },
            without: view.without_filter(index),
        }
    });
    filters.collect()
}
