//! Narrowing a list down: what was chosen, and what can be chosen with how many items each.

use std::sync::Arc;

use catalogue_index::{Counts, Field, Filter};
use common::models::{Catalogue, Item, Kind, Link};

use super::view::{By, Facet, View, facets};
use crate::state::Site;

/// The most answers that a question offers.
const OFFERED: usize = 100;

/// A question with its answers.
pub(super) struct Question {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) answers: Vec<Answer>,
}

/// An answer, and how many items it leaves.
pub(super) struct Answer {
    pub(super) value: String,
    pub(super) label: String,
    /// Unknown for an answer that leaves none, or that is rare among very many.
    pub(super) count: Option<u64>,
    pub(super) chosen: bool,
}

/// What narrows a list down, and the address of the list without it.
pub(super) struct Chip {
    pub(super) label: String,
    pub(super) without: String,
}

/// The filters of a view, but for one question.
pub(super) fn filters(site: &Site, view: &View, but_for: Option<&Facet>) -> Vec<Filter> {
    let chosen = view.chosen.iter();
    let chosen = chosen.filter(|(facet, _)| but_for != Some(facet));
    let mut filters: Vec<_> = chosen
        .map(|(facet, value)| filter(site, facet.by, value))
        .collect();
    if view.year_min.is_some() || view.year_max.is_some() {
        let (least, most) = (
            view.year_min.unwrap_or(0),
            view.year_max.unwrap_or(u32::MAX),
        );
        filters.push(Filter::Between(Field::Year, least..=most));
    }
    filters
}

fn filter(site: &Site, by: By, value: &str) -> Filter {
    let catalogue = &site.snapshot.catalogue;
    match by {
        By::Value(field) => Filter::Is(field, value.to_owned()),
        By::Species => {
            let species = named(catalogue, by, value);
            let id = species.as_ref().map_or(value, |species| &species.id);
            Filter::Is(Field::Species, id.to_owned())
        }
        By::Held(link) => {
            let held = named(catalogue, by, value);
            let holding = held.map(|item| site.indexes.lists.linking(link, &item.id));
            Filter::Among(holding.unwrap_or_default())
        }
    }
}

/// The item that an answer names.
fn named(catalogue: &Catalogue, by: By, value: &str) -> Option<Arc<Item>> {
    let kind = match by {
        By::Value(_) => return None,
        By::Species => Kind::Species,
        By::Held(link) => link.to(),
    };
    catalogue.find(kind, value)
}

/// The questions of a view's list with the answers that there are.
pub(super) fn questions(site: &Site, view: &View) -> Vec<Question> {
    let counts = |but_for| {
        let found = site
            .indexes
            .lists
            .find(view.kind, &filters(site, view, but_for));
        site.indexes.lists.counts(view.kind, found)
    };
    let by_all = counts(None);
    let questions = facets(view.kind).iter().map(|facet| {
        let is_open = view.chosen.iter().all(|(chosen, _)| *chosen != facet);
        let answers = if is_open {
            answers(site, view, facet, &by_all)
        } else {
            answers(site, view, facet, &counts(Some(facet)))
        };
        Question {
            name: facet.name,
            label: facet.label,
            answers,
        }
    });
    // One answer that all share is no question.
    questions
        .filter(|question| {
            question.answers.len() > 1 || question.answers.iter().any(|answer| answer.chosen)
        })
        .collect()
}

fn answers(site: &Site, view: &View, facet: &Facet, counts: &Counts<'_>) -> Vec<Answer> {
    let catalogue = &site.snapshot.catalogue;
    let counts = match facet.by {
        By::Value(field) => counts.values(field, OFFERED),
        By::Species => counts.values(Field::Species, OFFERED),
        By::Held(link) => {
            let counts = counts.held(link).iter().take(OFFERED);
            counts
                .filter(|(id, _)| is_told(catalogue, view, link, id))
                .map(|(id, count)| (id.to_string(), *count))
                .collect()
        }
    };
    let chosen = view.chosen.iter().find(|(other, _)| *other == facet);
    let chosen = chosen.map(|(_, value)| value);
    let chosen = chosen.map(|value| shown(catalogue, facet.by, value));
    let mut answers: Vec<_> = counts
        .into_iter()
        .map(|(value, count)| {
            let (value, label) = shown(catalogue, facet.by, &value);
            Answer {
                chosen: chosen
                    .as_ref()
                    .is_some_and(|(chosen, _)| same(chosen, &value)),
                value,
                label,
                count: Some(count),
            }
        })
        .collect();
    if let (By::Held(_), true) = (
        facet.by,
        answers.iter().all(|answer| answer.count == Some(1)),
    ) {
        answers.sort_by_cached_key(|answer| answer.label.to_lowercase());
    }
    if let Some((value, label)) = chosen
        && !answers.iter().any(|answer| answer.chosen)
    {
        answers.push(Answer {
            value,
            label,
            count: None,
            chosen: true,
        });
    }
    answers
}

/// Whether the list tells of an item that its movies hold: of people who are not human only if
/// everyone is asked for.
fn is_told(catalogue: &Catalogue, view: &View, link: Link, id: &str) -> bool {
    let everyone = view.everyone || link != Link::MoviePerson;
    everyone
        || catalogue
            .get(Kind::Person, id)
            .is_some_and(|person| catalogue.is_human(&person))
}

fn same(value: &str, other: &str) -> bool {
    value.to_lowercase() == other.to_lowercase()
}

/// How an answer is written in addresses and for people.
fn shown(catalogue: &Catalogue, by: By, value: &str) -> (String, String) {
    match named(catalogue, by, value) {
        Some(item) => (item.slug.to_string(), item.name().to_owned()),
        None => (value.to_owned(), value.to_owned()),
    }
}

/// What narrows a view down.
pub(super) fn chips(site: &Site, view: &View) -> Vec<Chip> {
    let whole = View {
        page: 1,
        ..view.clone()
    };
    let chosen = view
        .chosen
        .iter()
        .enumerate()
        .map(|(place, (facet, value))| {
            let mut without = whole.clone();
            without.chosen.remove(place);
            let (_, label) = shown(&site.snapshot.catalogue, facet.by, value);
            Chip {
                label: format!("{}: {label}", facet.label),
                without: without.address(),
            }
        });
    let from = view.year_min.map(|year| Chip {
        label: format!("From {year}"),
        without: View {
            year_min: None,
            ..whole.clone()
        }
        .address(),
    });
    let until = view.year_max.map(|year| Chip {
        label: format!("To {year}"),
        without: View {
            year_max: None,
            ..whole.clone()
        }
        .address(),
    });
    chosen.chain(from).chain(until).collect()
}
