//! The filters of each kind's list: one table for the pages and the API.

use catalogue_index::{Field, Filter};
use common::models::Kind;

use super::related::RelatedNumbers;
use crate::state::{Site, find};

/// A query parameter that filters a list.
#[derive(Debug, PartialEq)]
pub(crate) struct ListFilter {
    pub(crate) name: &'static str,
    pub(crate) condition: FilterCondition,
    /// A sentence for the API reference.
    pub(crate) description: &'static str,
    pub(crate) example: &'static str,
    /// The control on the pages; without one, only the API has the filter.
    pub(crate) control: Option<Control>,
}

/// A condition on items, with the parameter's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FilterCondition {
    /// This text, ignoring case.
    Is(Field),
    /// This number.
    Equals(Field),
    /// This number or a larger one.
    AtLeast(Field),
    /// This number or a smaller one.
    AtMost(Field),
    /// A relation to the item of a kind with this slug or ID.
    RelatedTo(Kind),
}

/// A form control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Control {
    pub(crate) label: &'static str,
    /// Whether it is a choice among the values in the list. Otherwise it is a number.
    pub(crate) is_facet: bool,
    /// Its part of the heading of a filtered list, with `{}` for the value.
    phrase: &'static str,
}

impl Control {
    /// Such as “directed by Hayao Miyazaki”.
    pub(crate) fn phrase(&self, value: &str) -> String {
        self.phrase.replace("{}", value)
    }
}

/// The value is no slug or ID of an item of this kind.
pub(crate) struct UnknownItem(pub(crate) Kind);

impl FilterCondition {
    /// The largest number to compare with; `None` if the value is a text.
    pub(crate) fn max_value(self) -> Option<u32> {
        match self {
            Self::Is(_) | Self::RelatedTo(_) => None,
            Self::Equals(field) | Self::AtLeast(field) | Self::AtMost(field) => Some(match field {
                Field::Score | Field::SurfaceWater => 100,
                Field::Age => 100_000,
                _ => 9999,
            }),
        }
    }
}

impl ListFilter {
    const fn facet(self, label: &'static str, phrase: &'static str) -> Self {
        self.controlled(label, true, phrase)
    }

    const fn number(self, label: &'static str, phrase: &'static str) -> Self {
        self.controlled(label, false, phrase)
    }

    const fn controlled(self, label: &'static str, is_facet: bool, phrase: &'static str) -> Self {
        Self {
            control: Some(Control {
                label,
                is_facet,
                phrase,
            }),
            ..self
        }
    }

    /// The filter of a kind's list with a value.
    pub(crate) fn with_value(
        &self,
        kind: Kind,
        value: &str,
        site: &Site,
    ) -> Result<Filter, UnknownItem> {
        let number = || value.parse().unwrap_or(u32::MAX);
        Ok(match self.condition {
            FilterCondition::Is(field) => Filter::Is(field, value.to_owned()),
            FilterCondition::Equals(field) => Filter::Between(field, number()..=number()),
            FilterCondition::AtLeast(field) => Filter::Between(field, number()..=u32::MAX),
            FilterCondition::AtMost(field) => Filter::Between(field, 0..=number()),
            FilterCondition::RelatedTo(other) => {
                let item = find(&site.snapshot.catalogue, other, value);
                let item = item.ok_or(UnknownItem(other))?;
                match other {
                    Kind::Species => Filter::Is(Field::Species, item.id.to_string()),
                    _ => Filter::Among(RelatedNumbers::of(&item, kind, &site.indexes.lists).all()),
                }
            }
        })
    }
}

/// Combines several filters: a lower and an upper bound of a field become one range.
pub(crate) fn combine(filters: impl IntoIterator<Item = Filter>) -> Vec<Filter> {
    let mut combined: Vec<Filter> = Vec::new();
    for filter in filters {
        let Filter::Between(field, range) = &filter else {
            combined.push(filter);
            continue;
        };
        let same_field = combined.iter_mut().find_map(|other| match other {
            Filter::Between(of, range) if of == field => Some(range),
            _ => None,
        });
        match same_field {
            Some(other) => {
                *other = *range.start().max(other.start())..=*range.end().min(other.end());
            }
            None => combined.push(filter),
        }
    }
    combined
}

const fn filter(
    name: &'static str,
    condition: FilterCondition,
    description: &'static str,
    example: &'static str,
) -> ListFilter {
    ListFilter {
        name,
        condition,
        description,
        example,
        control: None,
    }
}

/// The filters of a kind's list.
#[rustfmt::skip] // One filter a line.
pub(crate) const fn of_kind(kind: Kind) -> &'static [ListFilter] {
    use FilterCondition::{AtLeast, AtMost, Equals, Is, RelatedTo};
    use Field::*;
    match kind {
        Kind::Movie => const { &[
            filter("director", Is(Director), "Only movies by this director.", "Hayao Miyazaki").facet("Director", "directed by {}"),
            filter("producer", Is(Producer), "Only movies by this producer.", "Toshio Suzuki").facet("Producer", "produced by {}"),
            filter("year", Equals(Year), "Only movies released in this year.", "1988"),
            filter("year_min", AtLeast(Year), "Only movies released in this year or later.", "1990").number("From", "from {}"),
            filter("year_max", AtMost(Year), "Only movies released in this year or earlier.", "1999").number("To", "up to {}"),
            filter("score_min", AtLeast(Score), "Only movies with at least this score.", "95"),
            filter("score_max", AtMost(Score), "Only movies with at most this score.", "80"),
            filter("running_time_min", AtLeast(RunningTime), "Only movies at least this long, in minutes.", "100"),
            filter("running_time_max", AtMost(RunningTime), "Only movies at most this long, in minutes.", "90"),
            filter("person", RelatedTo(Kind::Person), "Only movies with this character (slug or ID).", "totoro").facet("Character", "with {}"),
            filter("location", RelatedTo(Kind::Location), "Only movies set in this place (slug or ID).", "irontown").facet("Place", "set in {}"),
            filter("species", RelatedTo(Kind::Species), "Only movies with this species (slug or ID).", "spirit").facet("Species", "with species {}"),
            filter("vehicle", RelatedTo(Kind::Vehicle), "Only movies with this vehicle (slug or ID).", "red-wing").facet("Vehicle", "with {}"),
        ] },
        Kind::Person => const { &[
            filter("species", RelatedTo(Kind::Species), "Only people of this species (slug or ID).", "human").facet("Species", "of species {}"),
            filter("gender", Is(Gender), "Only people of this gender, as spelled by the source.", "Female").facet("Gender", "of gender {}"),
            filter("eye_color", Is(EyeColor), "Only people with this eye colour.", "Brown").facet("Eye colour", "with {} eyes"),
            filter("hair_color", Is(HairColor), "Only people with this hair colour.", "Black").facet("Hair colour", "with {} hair"),
            filter("age_min", AtLeast(Age), "Only people at least this old, in years.", "10"),
            filter("age_max", AtMost(Age), "Only people at most this old, in years.", "20"),
            filter("movie", RelatedTo(Kind::Movie), "Only people in this movie (slug or ID).", "spirited-away"),
            filter("location", RelatedTo(Kind::Location), "Only people who live in this place (slug or ID).", "irontown"),
        ] },
        Kind::Location => const { &[
            filter("climate", Is(Climate), "Only places with this climate.", "Continental").facet("Climate", "with {} climate"),
            filter("terrain", Is(Terrain), "Only places with this terrain.", "Hill").facet("Terrain", "with {} terrain"),
            filter("surface_water_min", AtLeast(SurfaceWater), "Only places with at least this percentage of surface water.", "40"),
            filter("surface_water_max", AtMost(SurfaceWater), "Only places with at most this percentage of surface water.", "60"),
            filter("movie", RelatedTo(Kind::Movie), "Only places in this movie (slug or ID).", "spirited-away"),
            filter("resident", RelatedTo(Kind::Person), "Only places where this person lives (slug or ID).", "ashitaka"),
        ] },
        Kind::Species => const { &[
            filter("classification", Is(Classification), "Only species of this classification.", "Mammal").facet("Classification", "classified as {}"),
            filter("eye_color", Is(EyeColor), "Only species with this eye colour.", "Brown"),
            filter("hair_color", Is(HairColor), "Only species with this hair colour.", "Brown"),
            filter("movie", RelatedTo(Kind::Movie), "Only species in this movie (slug or ID).", "spirited-away"),
        ] },
        Kind::Vehicle => const { &[
            filter("vehicle_class", Is(VehicleClass), "Only vehicles of this type.", "Airship").facet("Type", "of type {}"),
            filter("movie", RelatedTo(Kind::Movie), "Only vehicles in this movie (slug or ID).", "porco-rosso"),
            filter("pilot", RelatedTo(Kind::Person), "Only vehicles piloted by this person (slug or ID).", "porco-rosso"),
        ] },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_finds_items() {
        let site = Site::built_in();
        for kind in Kind::ALL {
            for filter in of_kind(kind) {
                let condition = filter.with_value(kind, filter.example, &site);
                let Ok(condition) = condition else {
                    panic!("{kind} {}: no such item", filter.name);
                };
                let found = site.indexes.lists.find(kind, &[condition]);
                assert!(!found.is_empty(), "{kind} {}", filter.name);
            }
        }
    }

    #[test]
    fn bounds_of_one_field_become_one_range() {
        let combined = combine([
            Filter::Between(Field::Year, 1990..=u32::MAX),
            Filter::Between(Field::Score, 0..=80),
            Filter::Between(Field::Year, 0..=1999),
        ]);
        let ranges: Vec<_> = combined
            .iter()
            .map(|filter| match filter {
                Filter::Between(field, range) => (*field, *range.start(), *range.end()),
                other => panic!("{other:?} is no range"),
            })
            .collect();
        assert_eq!(ranges, [(Field::Year, 1990, 1999), (Field::Score, 0, 80)]);
    }
}
