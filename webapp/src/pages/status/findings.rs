//! Problems of the source's data in words, with the names of items.

use common::models::{Catalogue, Finding, Kind, Problem};

use crate::pages::tile;
use crate::wording::shortened;

/// An item by its name, or by its ID if it is not in the catalogue.
pub(super) struct NamedItem {
    pub(super) name: String,
    /// The path of its page.
    pub(super) path: Option<String>,
}

impl NamedItem {
    pub(super) fn of(catalogue: &Catalogue, kind: Kind, id: &str) -> Self {
        match catalogue.get(kind, id) {
            Some(item) => Self {
                name: shortened(item.name()).into_owned(),
                path: Some(tile::address(&item)),
            },
            None => Self {
                name: shortened(id).into_owned(),
                path: None,
            },
        }
    }
}

/// A sentence about one or two items: item, text, other item, text.
pub(super) struct FindingView {
    pub(super) item: NamedItem,
    pub(super) text: String,
    pub(super) other: Option<NamedItem>,
    pub(super) end: String,
}

impl FindingView {
    pub(super) fn of(catalogue: &Catalogue, finding: &Finding) -> Self {
        let Finding {
            kind, field, value, ..
        } = finding;
        let other = |kind| Some(NamedItem::of(catalogue, kind, value));
        let linked = Kind::linked_by(field);
        let value = shortened(value);
        let (text, other, end) = match (finding.problem, linked) {
            (Problem::OneSided, Some(linked)) => (
                " does not list ".to_owned(),
                other(linked),
                ", which lists it".to_owned(),
            ),
            (Problem::Contradiction, Some(linked)) => (
                " lists ".to_owned(),
                other(linked),
                ", which has another one in its own record".to_owned(),
            ),
            (Problem::ForeignUrl, _) => {
                (" has the URL of ".to_owned(), other(*kind), String::new())
            }
            (Problem::Dangling, _) => (
                format!(" links in “{field}” to an item that does not exist: {value}"),
                None,
                String::new(),
            ),
            (problem, _) => (
                format!(", “{field}”: {problem}, “{value}”"),
                None,
                String::new(),
            ),
        };
        Self {
            item: NamedItem::of(catalogue, *kind, &finding.id),
            text,
            other,
            end,
        }
    }
}

#[cfg(test)]
mod tests {
    use common::models::{Facts, Location};

    use super::*;
    use crate::fixture::{item, movie};

    #[test]
    fn findings_name_items_and_keep_ids_only_of_unknown_ones() {
        let gondoa = Location {
            name: "Gondoa".into(),
            ..Location::default()
        };
        let castle = movie("m", "Castle in the Sky");
        let catalogue = [castle, item("l", Facts::Location(gondoa))].into_iter();
        let catalogue: Catalogue = catalogue.collect();
        let sentence = |field: &str, problem, value: &str| {
            let view = FindingView::of(
                &catalogue,
                &Finding {
                    kind: Kind::Movie,
                    id: "m".into(),
                    field: field.into(),
                    problem,
                    value: value.into(),
                },
            );
            let other = view.other.map(|other| other.name).unwrap_or_default();
            format!("{}{}{other}{}", view.item.name, view.text, view.end)
        };
        for (field, problem, value, expected) in [
            (
                "locations",
                Problem::OneSided,
                "l",
                "Castle in the Sky does not list Gondoa, which lists it",
            ),
            (
                "locations",
                Problem::Contradiction,
                "l",
                "Castle in the Sky lists Gondoa, which has another one in its own record",
            ),
            (
                "url",
                Problem::ForeignUrl,
                "m9",
                "Castle in the Sky has the URL of m9",
            ),
            (
                "people",
                Problem::Dangling,
                "p9",
                "Castle in the Sky links in “people” to an item that does not exist: p9",
            ),
            (
                "rt_score",
                Problem::Placeholder,
                "NA",
                "Castle in the Sky, “rt_score”: placeholder for an unknown value, “NA”",
            ),
        ] {
            assert_eq!(sentence(field, problem, value), expected);
        }
    }
}
