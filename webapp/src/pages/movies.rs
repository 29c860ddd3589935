use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use common::models::{Catalogue, Facts, Item, Kind, Movie};
use serde::Deserialize;

use super::frame::{Frame, Moment};
use crate::error::AppError;
use crate::respond::Representation;
use crate::site::Current;

const PER_PAGE: usize = 100;
/// The most characters that fit beside a page, one below the other.
const UPRIGHT: usize = 16;

/// A movie in a list.
pub(crate) struct Card {
    pub(crate) slug: Arc<str>,
    pub(crate) movie: Movie,
    /// Names of the people that are shown.
    pub(crate) people: Vec<String>,
    /// How many others there are.
    pub(crate) others: usize,
}

impl Card {
    pub(crate) fn of(catalogue: &Catalogue, item: &Item, movie: &Movie, everyone: bool) -> Self {
        let all = catalogue.resolve(Kind::Person, &movie.people);
        let count = all.len();
        let people: Vec<_> = all
            .into_iter()
            .filter(|person| everyone || catalogue.is_human(person))
            .map(|person| person.name().to_owned())
            .collect();
        Self {
            slug: item.slug.clone(),
            movie: movie.clone(),
            others: count - people.len(),
            people,
        }
    }

    /// Who else is in it, in words that follow the names.
    fn others_in_words(&self) -> String {
        match (self.others, self.people.is_empty()) {
            (0, false) => String::new(),
            (0, true) => "Nobody is named".into(),
            (1, false) => "and 1 other".into(),
            (others, false) => format!("and {others} others"),
            (1, true) => "1 person, not human".into(),
            (others, true) => format!("{others} people, none of them human"),
        }
    }
}

#[derive(Template)]
#[template(path = "movies/list.html")]
struct MovieList {
    frame: Frame,
    total: usize,
    cards: Vec<Card>,
    /// Whether people of every species are listed.
    everyone: bool,
    /// How many people are left out on this page.
    others: usize,
    page: usize,
    pages: usize,
}

impl MovieList {
    fn address(&self, page: usize, everyone: bool) -> String {
        let people = everyone.then_some("people=all".to_owned());
        let page = (page > 1).then(|| format!("page={page}"));
        let query: Vec<_> = people.into_iter().chain(page).collect();
        if query.is_empty() {
            return "/movies".into();
        }
        format!("/movies?{}", query.join("&"))
    }
}

/// The questions that the list answers.
#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    people: Option<String>,
    page: Option<String>,
}

/// Every movie with its people: the humans, as the first PyFlix listed them, or all.
pub(crate) async fn list(
    State(current): State<Current>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Representation, AppError> {
    let Query(query) = query?;
    let everyone = match query.people.as_deref() {
        None | Some("" | "human") => false,
        Some("all") => true,
        Some(_) => {
            return Err(AppError::BadRequest("people is either human or all".into()));
        }
    };
    let page = page_number(query.page.as_deref())?;
    let site = current.load()?;
    let catalogue = &site.snapshot.catalogue;
    let total = catalogue.count(Kind::Movie);
    let pages = total.div_ceil(PER_PAGE).max(1);
    if page > pages {
        return Err(AppError::NotFound);
    }
    let cards: Vec<_> = catalogue
        .movies()
        .skip((page - 1) * PER_PAGE)
        .take(PER_PAGE)
        .map(|(item, movie)| Card::of(catalogue, item, movie, everyone))
        .collect();
    let page = MovieList {
        frame: Frame::of(&site),
        total,
        others: cards.iter().map(|card| card.others).sum(),
        cards,
        everyone,
        page,
        pages,
    };
    Ok(Representation::page(&page)?.at_version(site.version()))
}

fn page_number(text: Option<&str>) -> Result<usize, AppError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(1);
    };
    text.parse()
        .ok()
        .filter(|page| *page > 0)
        .ok_or_else(|| AppError::BadRequest("page is a number from 1 on".into()))
}

#[derive(Template)]
#[template(path = "movies/show.html")]
struct MoviePage {
    frame: Frame,
    /// Since when the source has it no more, if so.
    missing_since: Option<Moment>,
    item: Arc<Item>,
    movie: Movie,
    people: Vec<Member>,
    locations: Vec<String>,
    vehicles: Vec<String>,
    previous: Option<(String, String)>,
    next: Option<(String, String)>,
}

impl MoviePage {
    /// Whether a title is short enough to stand beside the page, written downwards.
    fn stands_upright(&self, title: &str) -> bool {
        title.chars().count() <= UPRIGHT
    }
}

/// A person with its species.
struct Member {
    name: String,
    species: Option<String>,
}

/// One movie, by its slug or its id.
pub(crate) async fn show(
    State(current): State<Current>,
    slug_or_id: Result<Path<String>, PathRejection>,
) -> Result<Representation, AppError> {
    let Path(slug_or_id) = slug_or_id?;
    let site = current.load()?;
    let catalogue = &site.snapshot.catalogue;
    let item = catalogue
        .find(Kind::Movie, &slug_or_id)
        .ok_or(AppError::NotFound)?;
    let Facts::Movie(movie) = &item.facts else {
        return Err(AppError::NotFound);
    };
    let names = |kind, ids: &[_]| -> Vec<String> {
        let items = catalogue.resolve(kind, ids);
        items.iter().map(|item| item.name().to_owned()).collect()
    };
    let people = catalogue.resolve(Kind::Person, &movie.people);
    let beside = |item: Option<&Arc<Item>>| {
        item.map(|item| (format!("/movies/{}", item.slug), item.name().to_owned()))
    };
    let (before, after) = catalogue.neighbours(item);
    let page = MoviePage {
        frame: Frame::of(&site),
        missing_since: site
            .beside
            .missing(Kind::Movie, &item.id)
            .map(|missing| Moment(missing.since)),
        people: people
            .into_iter()
            .map(|person| Member::of(catalogue, person))
            .collect(),
        locations: names(Kind::Location, &movie.locations),
        vehicles: names(Kind::Vehicle, &movie.vehicles),
        previous: beside(before),
        next: beside(after),
        item: item.clone(),
        movie: movie.clone(),
    };
    Ok(Representation::page(&page)?.at_version(site.version()))
}

impl Member {
    fn of(catalogue: &Catalogue, item: &Item) -> Self {
        let species = match &item.facts {
            Facts::Person(person) => person.species.as_ref(),
            _ => None,
        };
        let species = species.and_then(|id| catalogue.get(Kind::Species, id));
        Self {
            name: item.name().to_owned(),
            species: species.map(|species| species.name().to_owned()),
        }
    }
}
