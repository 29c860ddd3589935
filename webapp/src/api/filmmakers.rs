//! Directors and producers.

use catalogue_index::{Filmmaker, Role};
use common::models::{Facts, Item};
use schemars::JsonSchema;
use serde::Serialize;

use super::paging::{PageInfo, PagedList};
use super::request::ApiRequest;
use super::response::ApiResponse;
use crate::http::AppError;
use crate::lists::filmography::Filmography;

/// Movies of one filmmaker; the list of movies has all of them.
const MAX_MOVIES: usize = 250;

#[derive(Serialize, JsonSchema)]
pub(super) struct FilmmakerSummary {
    /// URL slug, unique among those with the same role.
    slug: String,
    /// Name, as spelled by the source.
    name: String,
    /// Number of movies.
    movie_count: u64,
}

impl From<&Filmmaker> for FilmmakerSummary {
    fn from(filmmaker: &Filmmaker) -> Self {
        Self {
            slug: filmmaker.slug.clone(),
            name: filmmaker.name.clone(),
            movie_count: filmmaker.movies.len(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(super) struct FilmmakerDetails {
    #[serde(flatten)]
    summary: FilmmakerSummary,
    /// Year of the first movie.
    first_year: Option<u16>,
    /// Year of the last movie.
    last_year: Option<u16>,
    /// Mean of the critics’ scores, in percent.
    average_score_percent: Option<u8>,
    /// The movies by year.
    movies: Vec<FilmographyEntry>,
    /// Directors of the same movies.
    directors: Vec<Collaborator>,
    /// Producers of the same movies.
    producers: Vec<Collaborator>,
}

#[derive(Serialize, JsonSchema)]
struct FilmographyEntry {
    /// ID at the source.
    id: String,
    /// URL slug.
    slug: String,
    /// The English title.
    title: String,
    /// Year of first release.
    release_year: Option<u16>,
    /// Critics’ score (Rotten Tomatoes), in percent.
    score_percent: Option<u8>,
}

#[derive(Serialize, JsonSchema)]
struct Collaborator {
    /// URL slug.
    slug: String,
    /// Name, as spelled by the source.
    name: String,
    /// Number of movies in common.
    movie_count: u64,
}

/// A page of the filmmakers of a role.
pub(super) fn list(role: Role, request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let lists = &request.site.indexes.lists;
    let page = PageInfo::of(request);
    let (offset, limit) = page.skip_take();
    let filmmakers = lists.filmmakers(role, offset, limit);
    let filmmakers = filmmakers.iter().map(FilmmakerSummary::from);
    let total = lists.filmmaker_count(role) as u64;
    ApiResponse::list(&PagedList::new(request, page, total, filmmakers))
}

/// One filmmaker, by slug.
pub(super) fn show(role: Role, request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let site = request.site;
    let filmmaker = site.indexes.lists.filmmaker(role, request.path_argument);
    let filmmaker = filmmaker.ok_or(AppError::NotFound)?;
    let filmography = Filmography::of(site, &filmmaker, MAX_MOVIES);
    let collaborators = |role| {
        let collaborators = filmography.collaborators_as(role);
        let collaborators = collaborators.map(|(filmmaker, movie_count)| Collaborator {
            slug: filmmaker.slug.clone(),
            name: filmmaker.name.clone(),
            movie_count: *movie_count,
        });
        collaborators.collect()
    };
    ApiResponse::new(&FilmmakerDetails {
        summary: FilmmakerSummary::from(&filmmaker),
        first_year: filmography.years.map(|(first, _)| first),
        last_year: filmography.years.map(|(_, last)| last),
        average_score_percent: filmography.average_score,
        directors: collaborators(Role::Director),
        producers: collaborators(Role::Producer),
        movies: filmography
            .movies
            .iter()
            .filter_map(|item| FilmographyEntry::of(item))
            .collect(),
    })
}

impl FilmographyEntry {
    fn of(item: &Item) -> Option<Self> {
        let Facts::Movie(movie) = &item.facts else {
            return None;
        };
        Some(Self {
            id: item.id.to_string(),
            slug: item.slug.to_string(),
            title: movie.title.clone(),
            release_year: movie.release_year,
            score_percent: movie.score_percent,
        })
    }
}
