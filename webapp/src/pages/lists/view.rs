//! The address of a list: filters, sort order and page, read from the query and written to it.

use std::borrow::Cow;

use catalogue_index::Sort;
use common::models::Kind;
use form_urlencoded::Serializer;
use http::Uri;

use crate::http::AppError;
use crate::http::query;
use crate::lists::filters::{self, Control, ListFilter};
use crate::lists::sorts::{self, SortOption};

/// Items per page.
pub(super) const PER_PAGE: usize = 100;
/// The filters of movies by their first and last year.
pub(super) const YEAR_MIN: &str = "year_min";
pub(super) const YEAR_MAX: &str = "year_max";

/// One view of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ListView {
    pub(super) kind: Kind,
    /// Whether movies are shown as rows instead of a grid.
    pub(super) rows: bool,
    /// The sort order; the source's if there is none.
    pub(super) sort: Option<&'static SortOption>,
    /// The active filters with their values.
    pub(super) filters: Vec<(&'static ListFilter, String)>,
    /// Whether movies show only their human characters.
    pub(super) humans_only: bool,
    /// From 1.
    pub(super) page: usize,
}

/// An address as it was read.
pub(super) enum ParsedAddress {
    View(ListView),
    /// Some parameters were empty, as a form sends them: the address of the same view without.
    Redirect(String),
}

impl ListView {
    pub(super) const fn of(kind: Kind) -> Self {
        Self {
            kind,
            rows: false,
            sort: None,
            filters: Vec::new(),
            humans_only: false,
            page: 1,
        }
    }

    /// Reads an address. Unknown parameters are ignored.
    pub(super) fn parse(kind: Kind, uri: &Uri) -> Result<ParsedAddress, AppError> {
        let mut view = Self::of(kind);
        let mut names: Vec<Cow<'_, str>> = Vec::new();
        let mut has_empty = false;
        for (name, value) in query::pairs(uri) {
            let value = value.trim();
            if !view.has_parameter(&name) {
                continue;
            }
            if value.is_empty() {
                has_empty = true;
                continue;
            }
            if names.contains(&name) {
                return Err(AppError::BadParameter {
                    name: name.into_owned(),
                    problem: "may be given only once".into(),
                });
            }
            view.set(&name, value)?;
            names.push(name);
        }
        if view.years().is_some_and(|(first, last)| first > last) {
            return Err(AppError::BadParameter {
                name: YEAR_MIN.into(),
                problem: "is later than year_max: swap them".into(),
            });
        }
        Ok(if has_empty {
            ParsedAddress::Redirect(view.address())
        } else {
            ParsedAddress::View(view)
        })
    }

    fn has_parameter(&self, name: &str) -> bool {
        matches!(name, "sort" | "page")
            || (self.kind == Kind::Movie && matches!(name, "view" | "people"))
            || find_filter(self.kind, name).is_some()
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), AppError> {
        match name {
            "view" => self.rows = one_of(name, value, &["grid", "list"])? == "list",
            "people" => self.humans_only = one_of(name, value, &["human", "all"])? == "human",
            "sort" => {
                let names: Vec<_> = self.sorts().iter().map(|sort| sort.name).collect();
                self.sort = sorts::find(self.kind, one_of(name, value, &names)?);
            }
            "page" => self.page = query::number(name, value, 1, usize::MAX)?,
            _ => {
                let Some(filter) = find_filter(self.kind, name) else {
                    return Ok(());
                };
                let value = match filter.condition.max_value() {
                    Some(max) => query::number(name, value, 0, max as usize)?.to_string(),
                    None => value.to_owned(),
                };
                self.filters.push((filter, value));
            }
        }
        Ok(())
    }

    /// The value of a filter, if it is active.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut filters = self.filters.iter();
        let (_, value) = filters.find(|(filter, _)| filter.name == name)?;
        Some(value)
    }

    /// The first and the last year, if both are given.
    pub(super) fn years(&self) -> Option<(u32, u32)> {
        let year = |name| self.value(name)?.parse().ok();
        year(YEAR_MIN).zip(year(YEAR_MAX))
    }

    /// The sort field, and whether the order is descending.
    pub(super) fn order(&self) -> (Sort, bool) {
        self.sort.map_or((Sort::Source, false), |sort| sort.order)
    }

    pub(crate) fn sorts(&self) -> &'static [SortOption] {
        sorts::options(self.kind)
    }

    /// Its address on this site.
    pub(crate) fn address(&self) -> String {
        let mut query = Serializer::new(String::new());
        if self.rows {
            query.append_pair("view", "list");
        }
        if let Some(sort) = self.sort {
            query.append_pair("sort", sort.name);
        }
        for (filter, value) in &self.filters {
            query.append_pair(filter.name, value);
        }
        if self.humans_only {
            query.append_pair("people", "human");
        }
        if self.page > 1 {
            query.append_pair("page", &self.page.to_string());
        }
        let (path, query) = (self.kind.plural(), query.finish());
        if query.is_empty() {
            return format!("/{path}");
        }
        format!("/{path}?{query}")
    }

    /// Whether it is the whole list, in the default order and form.
    pub(super) fn is_plain(&self) -> bool {
        let plain = Self {
            page: self.page,
            ..Self::of(self.kind)
        };
        *self == plain
    }

    /// The address of another page of the same list.
    pub(crate) fn at_page(&self, page: usize) -> String {
        let view = Self {
            page,
            ..self.clone()
        };
        view.address()
    }

    /// The address of the same movies as rows or as a grid.
    pub(crate) fn as_rows(&self, rows: bool) -> String {
        let view = Self {
            rows,
            ..self.clone()
        };
        view.address()
    }

    /// The address of the same list without one of its filters.
    pub(super) fn without_filter(&self, index: usize) -> String {
        let mut view = Self {
            page: 1,
            ..self.clone()
        };
        view.filters.remove(index);
        view.address()
    }

    /// The address of the same movies with all characters.
    pub(super) fn with_all_people(&self) -> String {
        let view = Self {
            humans_only: false,
            ..self.clone()
        };
        view.address()
    }

    /// The address of the same list in the source's order.
    pub(super) fn unsorted(&self) -> String {
        let view = Self {
            sort: None,
            page: 1,
            ..self.clone()
        };
        view.address()
    }

    /// The address of the same list without filters.
    pub(crate) fn without_filters(&self) -> String {
        let view = Self {
            filters: Vec::new(),
            humans_only: false,
            page: 1,
            ..self.clone()
        };
        view.address()
    }
}

/// The address of a kind's list with one filter.
pub(in crate::pages) fn filtered_by(kind: Kind, name: &str, value: &str) -> String {
    let mut view = ListView::of(kind);
    let filter = find_filter(kind, name);
    view.filters
        .extend(filter.map(|filter| (filter, value.to_owned())));
    view.address()
}

/// The address of the movies of some years.
pub(in crate::pages) fn released_in(first: u32, last: u32) -> String {
    let mut view = ListView::of(Kind::Movie);
    let bounds = [(YEAR_MIN, first), (YEAR_MAX, last)].into_iter();
    let filters =
        bounds.filter_map(|(name, year)| Some((find_filter(Kind::Movie, name)?, year.to_string())));
    view.filters.extend(filters);
    view.address()
}

/// The filters that the pages offer.
pub(super) fn offered(kind: Kind) -> impl Iterator<Item = (&'static ListFilter, Control)> {
    let filters = filters::of_kind(kind).iter();
    filters.filter_map(|filter| Some((filter, filter.control?)))
}

fn find_filter(kind: Kind, name: &str) -> Option<&'static ListFilter> {
    let mut filters = offered(kind).map(|(filter, _)| filter);
    filters.find(|filter| filter.name == name)
}

fn one_of<'a>(name: &str, value: &str, known: &[&'a str]) -> Result<&'a str, AppError> {
    let found = known.iter().find(|known| **known == value);
    found.copied().ok_or_else(|| AppError::BadParameter {
        name: name.to_owned(),
        problem: format!("must be one of: {}", known.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn a_view_has_what_its_address_says() {
        let all = "/movies?view=list&sort=-year&director=Hayao+Miyazaki&person=pazu\
                   &location=gondoa&year_min=1980&year_max=1999&people=human&page=2";
        let view = read(Kind::Movie, all).unwrap();
        assert!(view.rows && view.humans_only);
        assert_eq!(view.order(), (Sort::Year, true));
        assert_eq!(view.page, 2);
        assert_eq!(view.address(), all);
        assert_eq!(view.without_filters(), "/movies?view=list&sort=-year");
    }

    #[test]
    fn an_address_leaves_defaults_out() {
        for address in ["/movies", "/movies?view=grid&people=all&page=1"] {
            assert_eq!(read(Kind::Movie, address).unwrap().address(), "/movies");
        }
    }

    #[test]
    fn unknown_parameters_are_ignored() {
        let view = read(
            Kind::Person,
            "/people?utm_source=x&view=&view=9&gender=Female",
        );
        assert_eq!(view.unwrap().address(), "/people?gender=Female");
    }

    #[test]
    fn empty_parameters_redirect_to_the_address_without_them() {
        let uri = "/movies?director=&sort=&year_min=&person=pazu"
            .parse()
            .unwrap();
        let Ok(ParsedAddress::Redirect(address)) = ListView::parse(Kind::Movie, &uri) else {
            panic!("a redirect");
        };
        assert_eq!(address, "/movies?person=pazu");
    }

    #[test]
    fn invalid_values_are_refused_with_the_valid_ones() {
        for (address, message) in [
            ("/movies?view=table", "view must be one of: grid, list"),
            ("/movies?people=elves", "people must be one of: human, all"),
            ("/movies?sort=rating", "sort must be one of: title, -title"),
            ("/movies?page=0", "page must be a whole number of 1 or more"),
            ("/movies?year_min=early", "year_min must be a whole number"),
            ("/movies?year_min=2000&year_max=1999", "swap them"),
            (
                "/movies?director=a&director=b",
                "director may be given only once",
            ),
        ] {
            let error = read(Kind::Movie, address).unwrap_err();
            assert_eq!(error.status(), StatusCode::BAD_REQUEST, "{address}");
            assert!(error.to_string().contains(message), "{address}: {error}");
        }
    }

    #[test]
    fn any_value_can_be_read_back_from_its_address() {
        for value in ["a&b=c", "100 %", "+ü #?", "宮崎"] {
            let address = filtered_by(Kind::Movie, "director", value);
            let view = read(Kind::Movie, &address).unwrap();
            assert_eq!(view.filters[0].1, value);
        }
    }

    fn read(kind: Kind, address: &str) -> Result<ListView, AppError> {
        let parsed = ListView::parse(kind, &address.parse().unwrap())?;
        let ParsedAddress::View(view) = parsed else {
            panic!("{address} redirects");
        };
        Ok(view)
    }
}
