//! Directors and producers.

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use catalogue_index::{Filmmaker, Role, Sort};
use common::models::{Facts, Item, Kind};
use http::Uri;
use http_content::Representation;

use super::filmmaker_link::{FilmmakerLink, heading};
use super::layout::{HtmlHead, PageLayout};
use super::lists::filtered_by;
use super::tile::{self, Tile};
use crate::app_state::AppState;
use crate::art::SharePicture;
use crate::http::content::{self, AtVersion as _};
use crate::http::{AppError, query};
use crate::lists::filmography::Filmography;
use crate::state::Site;

/// Filmmakers on one page.
const PER_PAGE: usize = 100;
/// Titles named of each filmmaker in the list.
const MAX_TITLES: usize = 4;
/// Movies shown of one filmmaker.
const MAX_MOVIES: usize = 100;

#[derive(Template)]
#[template(path = "filmmakers/list.html")]
struct FilmmakerListPage {
    head: HtmlHead,
    layout: PageLayout,
    role: Role,
    total: usize,
    filmmakers: Vec<ListedFilmmaker>,
    page: usize,
    pages: usize,
}

struct ListedFilmmaker {
    link: FilmmakerLink,
    /// Titles and paths of the first movies.
    movies: Vec<(String, String)>,
    /// Number of movies that are not named.
    more: u64,
}

/// The filmmakers of a role, those with the most movies first.
pub(crate) async fn list(
    role: Role,
    state: AppState,
    uri: Uri,
) -> Result<Representation, AppError> {
    let mut query = query::pairs(&uri);
    let page = match query.find(|(name, value)| name == "page" && !value.is_empty()) {
        Some((name, value)) => query::number(&name, &value, 1, usize::MAX)?,
        None => 1,
    };
    let site = state.current.load()?;
    let lists = &site.indexes.lists;
    let total = lists.filmmaker_count(role);
    let pages = total.div_ceil(PER_PAGE).max(1);
    if page > pages {
        return Err(AppError::NotFound);
    }
    let filmmakers = lists.filmmakers(role, (page - 1) * PER_PAGE, PER_PAGE);
    let head = HtmlHead::of(
        &state.public_url,
        &list_address(role, page),
        heading(role),
        format!(
            "The {} of the movies, with their filmographies.",
            role.plural()
        ),
    )
    .with_picture(&state.public_url, || {
        SharePicture::of_kind(lists, Kind::Movie)
    });
    let page = FilmmakerListPage {
        head,
        layout: PageLayout::of(&site),
        role,
        total,
        filmmakers: filmmakers
            .iter()
            .map(|filmmaker| ListedFilmmaker::of(&site, filmmaker))
            .collect(),
        page,
        pages,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

impl FilmmakerListPage {
    fn address(&self, page: usize) -> String {
        list_address(self.role, page)
    }
}

fn list_address(role: Role, page: usize) -> String {
    match page {
        1 => format!("/{}", role.plural()),
        page => format!("/{}?page={page}", role.plural()),
    }
}

impl ListedFilmmaker {
    fn of(site: &Site, filmmaker: &Filmmaker) -> Self {
        let order = (Sort::Year, false);
        let lists = &site.indexes.lists;
        let movies = lists.page(Kind::Movie, &filmmaker.movies, order, (0, MAX_TITLES));
        Self {
            link: FilmmakerLink::of(filmmaker),
            more: filmmaker.movies.len() - movies.len() as u64,
            movies: movies
                .iter()
                .map(|movie| (movie.name().to_owned(), tile::address(movie)))
                .collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "filmmakers/show.html")]
struct FilmmakerPage {
    head: HtmlHead,
    layout: PageLayout,
    filmmaker: FilmmakerLink,
    /// The first and the last year.
    years: Option<(u16, u16)>,
    average_score: Option<u8>,
    /// The same person in the other role.
    other_role: Option<FilmmakerLink>,
    movies: Vec<Tile>,
    /// The path of the complete list, if not all movies are shown.
    all_movies: Option<String>,
    collaborators: Vec<Collaborators>,
}

/// The people of one role who made the same movies.
struct Collaborators {
    role: Role,
    links: Vec<FilmmakerLink>,
}

/// One filmmaker, by slug.
pub(crate) async fn show(
    role: Role,
    state: AppState,
    slug: Result<Path<String>, PathRejection>,
) -> Result<Representation, AppError> {
    let Path(slug) = slug?;
    let site = state.current.load()?;
    let lists = &site.indexes.lists;
    let filmmaker = lists.filmmaker(role, &slug).ok_or(AppError::NotFound)?;
    let filmography = Filmography::of(&site, &filmmaker, MAX_MOVIES);
    let other = Role::ALL.into_iter().find(|other| *other != role);
    let other = other.and_then(|other| lists.filmmaker_by_name(other, &filmmaker.name));
    let link = FilmmakerLink::of(&filmmaker);
    let is_whole = filmography.movies.len() as u64 == link.movies;
    let page = FilmmakerPage {
        head: HtmlHead::of(
            &state.public_url,
            &link.address,
            &filmmaker.name,
            format!(
                "{}: {} of {}.",
                link.name,
                role.singular(),
                link.count_in_words()
            ),
        )
        .with_og_type("profile")
        .with_picture(&state.public_url, || {
            let first = filmography.movies.first();
            first.map(|movie| SharePicture::of_item(&site, movie))
        }),
        layout: PageLayout::of(&site),
        years: filmography.years,
        average_score: filmography.average_score,
        other_role: other.as_ref().map(FilmmakerLink::of),
        all_movies: (!is_whole).then(|| filtered_by(Kind::Movie, role.singular(), &link.name)),
        movies: movie_tiles(&site, &filmography),
        collaborators: Role::ALL
            .into_iter()
            .map(|role| Collaborators::of(role, &filmography))
            .filter(|collaborators| !collaborators.links.is_empty())
            .collect(),
        filmmaker: link,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

impl FilmmakerPage {
    /// Such as “1986 to 2013”.
    fn years_in_words(&self) -> Option<String> {
        self.years.map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first} to {last}"),
        })
    }
}

/// Tiles with year and score.
fn movie_tiles(site: &Site, filmography: &Filmography) -> Vec<Tile> {
    let tiles = Tile::all(site, filmography.movies.iter().cloned());
    let tiles = tiles.into_iter().map(|tile| Tile {
        note: Some(year_and_score(&tile.item)),
        ..tile
    });
    tiles.collect()
}

fn year_and_score(item: &Item) -> String {
    let Facts::Movie(movie) = &item.facts else {
        return String::new();
    };
    let year = movie.release_year.map(|year| year.to_string());
    let score = movie.score_percent.map(|score| format!("{score}%"));
    let known: Vec<_> = [year, score].into_iter().flatten().collect();
    known.join(" · ")
}

impl Collaborators {
    fn of(role: Role, filmography: &Filmography) -> Self {
        Self {
            role,
            links: filmography
                .collaborators_as(role)
                .map(|(filmmaker, movies)| FilmmakerLink {
                    movies: *movies,
                    ..FilmmakerLink::of(filmmaker)
                })
                .collect(),
        }
    }
}
