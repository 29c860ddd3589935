//! The movies by year and decade.

use askama::Template;
use axum::extract::State;
use catalogue_index::{Field, Sort};
use common::models::Kind;
use http_content::Representation;
use roaring::{MultiOps as _, RoaringBitmap};

use super::layout::{HtmlHead, PageLayout};
use super::lists::released_in;
use super::tile::Tile;
use crate::art::SharePicture;
use crate::http::blocking::{SHORT, run_blocking};
use crate::http::content::{self, AtVersion as _};
use crate::http::{AppError, PublicUrl};
use crate::state::{CurrentSite, Site};

/// Tiles of one year.
const MAX_TILES_OF_YEAR: usize = 60;
/// Tiles of all years; with more years than this, a year is only a link.
const MAX_TILES: usize = 600;

#[derive(Template)]
#[template(path = "timeline.html")]
struct TimelinePage {
    head: HtmlHead,
    layout: PageLayout,
    total: u64,
    /// The first and the last year.
    bounds: Option<(u32, u32)>,
    decades: Vec<Decade>,
    /// The movies without a known year.
    undated: Option<TimelineYear>,
}

struct Decade {
    /// Such as “1980s”.
    name: String,
    /// The path of the list of its movies.
    path: String,
    years: Vec<TimelineYear>,
}

/// The movies of one year.
struct TimelineYear {
    year: Option<u32>,
    tiles: Vec<Tile>,
    count: u64,
    /// The path of the list of all, if a list can have them.
    path: Option<String>,
}

/// All movies, the oldest first. Reading those of a large catalogue takes long.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    run_blocking(&SHORT, move || timeline(&site, &public_url)).await?
}

fn timeline(site: &Site, public_url: &PublicUrl) -> Result<Representation, AppError> {
    let lists = &site.indexes.lists;
    let years: Vec<_> = lists.numbers_of(Field::Year).collect();
    let dated = years.iter().map(|(_, movies)| *movies).union();
    let undated = &*lists.find(Kind::Movie, &[]) - &dated;
    let limit = MAX_TILES / (years.len() + 1);
    let limit = limit.min(MAX_TILES_OF_YEAR);
    let of_year =
        |year: Option<u32>, movies: &RoaringBitmap| TimelineYear::of(site, year, movies, limit);
    let decades = years.chunk_by(|(a, _), (b, _)| a / 10 == b / 10);
    let page = TimelinePage {
        head: HtmlHead::of(
            public_url,
            "/timeline",
            "Timeline",
            "Studio Ghibli’s movies by year and decade.",
        )
        .with_picture(public_url, || SharePicture::of_kind(lists, Kind::Movie)),
        layout: PageLayout::of(site),
        total: dated.len() + undated.len(),
        bounds: lists.bounds(Field::Year),
        decades: decades
            .map(|years| {
                let first = years.first().map_or(0, |(year, _)| year / 10 * 10);
                Decade {
                    name: format!("{first}s"),
                    path: released_in(first, first + 9),
                    years: years
                        .iter()
                        .map(|(year, movies)| of_year(Some(*year), movies))
                        .collect(),
                }
            })
            .collect(),
        undated: (!undated.is_empty()).then(|| of_year(None, &undated)),
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

impl TimelineYear {
    fn of(site: &Site, year: Option<u32>, movies: &RoaringBitmap, limit: usize) -> Self {
        let order = (Sort::Source, false);
        let shown = site
            .indexes
            .lists
            .page(Kind::Movie, movies, order, (0, limit));
        let tiles = Tile::all(site, shown).into_iter();
        Self {
            year,
            tiles: tiles.map(Tile::without_note).collect(),
            count: movies.len(),
            path: year.map(|year| released_in(year, year)),
        }
    }

    /// Number of movies that are not shown.
    fn hidden(&self) -> u64 {
        self.count - self.tiles.len() as u64
    }
}
