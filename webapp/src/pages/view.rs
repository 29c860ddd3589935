//! What a list is asked for: read from an address and written to one, so that it can be shared.

use std::borrow::Cow;

use axum::response::{IntoResponse, Redirect, Response};
use catalogue_index::{Field, Sort};
use common::models::{Kind, Link};
use form_urlencoded::Serializer;
use http::Uri;

use crate::http::AppError;
use crate::http::query;

/// How many items stand on a page.
pub(super) const PER_PAGE: usize = 100;

/// A question that a list can be narrowed down by.
#[derive(Debug, PartialEq)]
pub(super) struct Facet {
    /// Its name in addresses.
    pub(super) name: &'static str,
    /// Its name for people.
    pub(super) label: &'static str,
    /// What it goes by.
    pub(super) by: By,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum By {
    /// A value, named as it is written.
    Value(Field),
    /// An item that the listed ones hold, named by its slug or id.
    Held(Link),
    /// The species of people or in movies, named by its slug or id.
    Species,
}

const fn facet(name: &'static str, label: &'static str, by: By) -> Facet {
    Facet { name, label, by }
}

static OF_MOVIES: [Facet; 6] = [
    facet("director", "Director", By::Value(Field::Director)),
    facet("producer", "Producer", By::Value(Field::Producer)),
    facet("person", "Character", By::Held(Link::MoviePerson)),
    facet("location", "Place", By::Held(Link::MovieLocation)),
    facet("species", "Species", By::Species),
    facet("vehicle", "Vehicle", By::Held(Link::MovieVehicle)),
];
static OF_PEOPLE: [Facet; 4] = [
    facet("species", "Species", By::Species),
    facet("gender", "Gender", By::Value(Field::Gender)),
    facet("eye_color", "Eye colour", By::Value(Field::EyeColor)),
    facet("hair_color", "Hair colour", By::Value(Field::HairColor)),
];
static OF_LOCATIONS: [Facet; 2] = [
    facet("climate", "Climate", By::Value(Field::Climate)),
    facet("terrain", "Terrain", By::Value(Field::Terrain)),
];
static OF_SPECIES: [Facet; 1] = [facet(
    "classification",
    "Classification",
    By::Value(Field::Classification),
)];
static OF_VEHICLES: [Facet; 1] = [facet(
    "vehicle_class",
    "Type",
    By::Value(Field::VehicleClass),
)];

/// The questions of a kind's list.
pub(super) fn facets(kind: Kind) -> &'static [Facet] {
    match kind {
        Kind::Movie => &OF_MOVIES,
        Kind::Person => &OF_PEOPLE,
        Kind::Location => &OF_LOCATIONS,
        Kind::Species => &OF_SPECIES,
        Kind::Vehicle => &OF_VEHICLES,
    }
}

/// The orders of a list of movies, as addresses and as people name them.
static MOVIE_ORDERS: [(&str, &str); 9] = [
    ("", "Source order"),
    ("title", "Title, A to Z"),
    ("-title", "Title, Z to A"),
    ("-year", "Newest first"),
    ("year", "Oldest first"),
    ("-score", "Highest rated first"),
    ("score", "Lowest rated first"),
    ("-running_time", "Longest first"),
    ("running_time", "Shortest first"),
];
static OTHER_ORDERS: [(&str, &str); 3] = [
    ("", "Source order"),
    ("name", "Name, A to Z"),
    ("-name", "Name, Z to A"),
];

/// The orders of a kind's list.
fn orders(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::Movie => &MOVIE_ORDERS,
        _ => &OTHER_ORDERS,
    }
}

/// One view of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    pub(super) kind: Kind,
    /// Whether movies stand in rows instead of a grid.
    pub(super) rows: bool,
    /// The order, by its name in addresses; the empty one is the source's.
    pub(super) order: &'static str,
    /// The answers to the kind's questions.
    pub(super) chosen: Vec<(&'static Facet, String)>,
    pub(super) year_min: Option<u32>,
    pub(super) year_max: Option<u32>,
    /// Whether the people of every species are told with a movie, not the humans alone.
    pub(super) everyone: bool,
    /// From 1 on.
    pub(super) page: usize,
}

/// An address read: a view, or a better address for the same one.
pub(super) enum Read {
    View(View),
    /// Without the questions that were left blank.
    Tidier(String),
}

impl View {
    pub(super) const fn of(kind: Kind) -> Self {
        Self {
            kind,
            rows: false,
            order: "",
            chosen: Vec::new(),
            year_min: None,
            year_max: None,
            everyone: false,
            page: 1,
        }
    }

    /// Reads an address. What is not known is passed over.
    pub(super) fn read(kind: Kind, uri: &Uri) -> Result<Read, AppError> {
        let mut view = Self::of(kind);
        let mut given: Vec<Cow<'_, str>> = Vec::new();
        let mut blank = false;
        for (name, value) in query::pairs(uri) {
            let value = value.trim();
            if !view.knows(&name) {
                continue;
            }
            if value.is_empty() {
                blank = true;
                continue;
            }
            if given.contains(&name) {
                return Err(AppError::BadRequest(format!(
                    "{name} may be given only once"
                )));
            }
            view.take(&name, value)?;
            given.push(name);
        }
        if view
            .year_min
            .zip(view.year_max)
            .is_some_and(|(least, most)| least > most)
        {
            return Err(AppError::BadRequest(
                "year_min is later than year_max: swap them".into(),
            ));
        }
        Ok(if blank {
            Read::Tidier(view.address())
        } else {
            Read::View(view)
        })
    }

    fn knows(&self, name: &str) -> bool {
        let of_movies = ["view", "year_min", "year_max", "people"].contains(&name);
        matches!(name, "sort" | "page")
            || (self.kind == Kind::Movie && of_movies)
            || facets(self.kind).iter().any(|facet| facet.name == name)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), AppError> {
        match name {
            "view" => self.rows = one_of(name, value, &["grid", "list"])? == "list",
            "people" => self.everyone = one_of(name, value, &["human", "all"])? == "all",
            "sort" => {
                let orders = orders(self.kind).iter().map(|(order, _)| *order);
                let orders: Vec<_> = orders.filter(|order| !order.is_empty()).collect();
                self.order = one_of(name, value, &orders)?;
            }
            "year_min" => self.year_min = Some(year(name, value)?),
            "year_max" => self.year_max = Some(year(name, value)?),
            "page" => self.page = query::number(name, value, 1, usize::MAX)?,
            _ => {
                let facet = facets(self.kind).iter().find(|facet| facet.name == name);
                self.chosen
                    .extend(facet.map(|facet| (facet, value.to_owned())));
            }
        }
        Ok(())
    }

    /// What it goes by, and whether downwards.
    pub(super) fn sort(&self) -> (Sort, bool) {
        let name = self.order.trim_start_matches('-');
        let sort = match name {
            "title" | "name" => Sort::Name,
            "year" => Sort::Year,
            "score" => Sort::Score,
            "running_time" => Sort::RunningTime,
            _ => Sort::Source,
        };
        (sort, name != self.order)
    }

    /// The orders that there are, as addresses and as people name them.
    pub(crate) fn orders(&self) -> &'static [(&'static str, &'static str)] {
        orders(self.kind)
    }

    /// Its address on this site.
    pub(crate) fn address(&self) -> String {
        let mut query = Serializer::new(String::new());
        if self.rows {
            query.append_pair("view", "list");
        }
        if !self.order.is_empty() {
            query.append_pair("sort", self.order);
        }
        for (facet, value) in &self.chosen {
            query.append_pair(facet.name, value);
        }
        for (name, year) in [("year_min", self.year_min), ("year_max", self.year_max)] {
            if let Some(year) = year {
                query.append_pair(name, &year.to_string());
            }
        }
        if self.everyone {
            query.append_pair("people", "all");
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

    /// The address of the same list at another page.
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

    /// The address of the same movies with everyone in them, or the humans alone.
    pub(crate) fn with_everyone(&self, everyone: bool) -> String {
        let view = Self {
            everyone,
            ..self.clone()
        };
        view.address()
    }

    /// The same view narrowed down by nothing.
    pub(crate) fn cleared(&self) -> Self {
        Self {
            rows: self.rows,
            order: self.order,
            everyone: self.everyone,
            ..Self::of(self.kind)
        }
    }

    /// Whether anything narrows it down.
    pub(crate) fn is_narrow(&self) -> bool {
        !self.chosen.is_empty() || self.year_min.is_some() || self.year_max.is_some()
    }
}

/// The view of a kind's list that is narrowed down by one answer.
pub(super) fn narrowed(kind: Kind, name: &str, value: &str) -> String {
    let mut view = View::of(kind);
    let facet = facets(kind).iter().find(|facet| facet.name == name);
    view.chosen
        .extend(facet.map(|facet| (facet, value.to_owned())));
    view.address()
}

/// The answer that sends to a tidier address.
pub(super) fn tidier(address: &str) -> Response {
    Redirect::to(address).into_response()
}

fn one_of<'a>(name: &str, value: &str, known: &[&'a str]) -> Result<&'a str, AppError> {
    let found = known.iter().find(|known| **known == value);
    found
        .copied()
        .ok_or_else(|| AppError::BadRequest(format!("{name} must be one of: {}", known.join(", "))))
}

fn year(name: &str, value: &str) -> Result<u32, AppError> {
    let year = query::number(name, value, 0, 9999)?;
    Ok(u32::try_from(year).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn a_view_is_what_its_address_says() {
        let all = "/movies?view=list&sort=-year&director=Hayao+Miyazaki&person=pazu\
                   &location=gondoa&year_min=1980&year_max=1999&people=all&page=2";
        let view = read(Kind::Movie, all).unwrap();
        assert!(view.rows && view.everyone && view.is_narrow());
        assert_eq!(view.sort(), (Sort::Year, true));
        assert_eq!(view.page, 2);
        assert_eq!(view.address(), all);
        assert_eq!(
            view.cleared().address(),
            "/movies?view=list&sort=-year&people=all"
        );
    }

    #[test]
    fn what_is_the_default_is_not_said() {
        for address in ["/movies", "/movies?view=grid&people=human&page=1"] {
            assert_eq!(read(Kind::Movie, address).unwrap().address(), "/movies");
        }
    }

    #[test]
    fn unknown_questions_are_passed_over() {
        let view = read(
            Kind::Person,
            "/people?utm_source=x&view=&view=9&gender=Female",
        );
        assert_eq!(view.unwrap().address(), "/people?gender=Female");
    }

    #[test]
    fn questions_left_blank_lead_to_an_address_without_them() {
        let uri = "/movies?director=&sort=&year_min=&person=pazu"
            .parse()
            .unwrap();
        let Ok(Read::Tidier(address)) = View::read(Kind::Movie, &uri) else {
            panic!("a tidier address");
        };
        assert_eq!(address, "/movies?person=pazu");
    }

    #[test]
    fn bad_values_are_refused_with_what_is_right() {
        for (address, says) in [
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
            assert!(error.to_string().contains(says), "{address}: {error}");
        }
    }

    #[test]
    fn any_value_comes_back_from_the_address_that_it_is_put_into() {
        for value in ["a&b=c", "100 %", "+ü #?", "宮崎"] {
            let address = narrowed(Kind::Movie, "director", value);
            let view = read(Kind::Movie, &address).unwrap();
            assert_eq!(view.chosen[0].1, value);
        }
    }

    fn read(kind: Kind, address: &str) -> Result<View, AppError> {
        let read = View::read(kind, &address.parse().unwrap())?;
        let Read::View(view) = read else {
            panic!("{address} is tidy");
        };
        Ok(view)
    }
}
