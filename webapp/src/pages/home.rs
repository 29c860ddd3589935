use askama::Template;
use axum::extract::State;
use catalogue_index::{Role, Sort, Version};
use common::models::{Facts, Kind, Movie};
use http_content::Representation;
use roaring::RoaringBitmap;

use super::changes::notable;
use super::filmmaker_link::{self, credits};
use super::language::has_japanese_title;
use super::layout::{HtmlHead, PageLayout, TimeTag};
use super::tile::{self, Tile};
use crate::art::SharePicture;
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::state::{CurrentSite, Site};
use crate::wording::{ItemNames, item_counts_in_words, sentences};

/// Movies in one row.
const MOVIES_PER_ROW: usize = 6;
/// Versions in the list of recent changes.
const RECENT_VERSIONS: usize = 5;
/// Sentences about one version.
const MAX_SENTENCES: usize = 2;
/// Directors who take turns in a row of their own, those with the most movies.
const MAX_DIRECTORS: usize = 12;
/// Minimum number of movies of such a director.
const MIN_MOVIES: u64 = 3;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    layout: PageLayout,
    head: HtmlHead,
    counts: Vec<KindCount>,
    movie_of_the_day: Option<FeaturedMovie>,
    movie_rows: Vec<MovieRow>,
    /// Newest first.
    recent_versions: Vec<RecentVersion>,
}

struct KindCount {
    count: usize,
    noun: &'static str,
    path: String,
}

struct FeaturedMovie {
    tile: Tile,
    movie: Movie,
    /// Names and paths.
    directors: Vec<(String, String)>,
    /// The first sentence of the synopsis.
    sentence: Option<String>,
}

/// The first movies of a list.
struct MovieRow {
    id: &'static str,
    heading: String,
    /// The path of the whole list.
    path: String,
    tiles: Vec<Tile>,
}

struct RecentVersion {
    version: u64,
    at: TimeTag,
    sentences: Vec<String>,
    /// Changed items that the sentences do not name.
    more: u64,
}

pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let page = HomePage {
        head: HtmlHead::of(
            &public_url,
            "/",
            "The Studio Ghibli catalogue",
            "Studio Ghibli’s movies with their characters and places, mirrored from the Ghibli \
             API, as a website and an API.",
        )
        .with_picture(&public_url, || {
            SharePicture::of_kind(&site.indexes.lists, Kind::Movie)
        }),
        layout: PageLayout::of(&site),
        counts: Kind::ALL.map(|kind| kind_count(&site, kind)).into(),
        movie_of_the_day: FeaturedMovie::of_the_day(&site),
        movie_rows: movie_rows(&site),
        recent_versions: site
            .history
            .versions()
            .take(RECENT_VERSIONS)
            .map(|version| RecentVersion::of(&site, version))
            .collect(),
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

fn kind_count(site: &Site, kind: Kind) -> KindCount {
    let count = site.snapshot.catalogue.count(kind);
    let noun = if count == 1 {
        tile::singular(kind)
    } else {
        tile::plural(kind)
    };
    KindCount {
        count,
        noun,
        path: format!("/{}", kind.plural()),
    }
}

/// The entry of a list for today (UTC); each day has the next one.
fn of_today<'a, T>(site: &Site, list: &'a [T]) -> Option<&'a T> {
    let turn = site
        .today
        .checked_rem_euclid(i64::try_from(list.len()).ok()?)?;
    list.get(usize::try_from(turn).ok()?)
}

impl FeaturedMovie {
    fn of_the_day(site: &Site) -> Option<Self> {
        let number = of_today(site, site.indexes.lists.source_order(Kind::Movie))?;
        let item = site.indexes.lists.item(*number)?;
        let Facts::Movie(movie) = &item.facts else {
            return None;
        };
        let description = movie.description.as_deref();
        Some(Self {
            movie: movie.clone(),
            directors: credits(site, Role::Director, movie.director.as_deref()),
            sentence: description.map(|text| first_sentence(text).to_owned()),
            tile: Tile::of(site, item),
        })
    }

    fn has_japanese_title(&self) -> bool {
        has_japanese_title(&self.movie)
    }
}

fn first_sentence(text: &str) -> &str {
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    text.get(..end).unwrap_or(text)
}

/// The latest and the best rated movies, and those of one director.
fn movie_rows(site: &Site) -> Vec<MovieRow> {
    let lists = &site.indexes.lists;
    let all = lists.find(Kind::Movie, &[]);
    let first = |movies: &RoaringBitmap, sort| {
        let movies = lists.page(Kind::Movie, movies, (sort, true), (0, MOVIES_PER_ROW));
        Tile::all(site, movies)
    };
    let mut rows = vec![
        MovieRow {
            id: "latest",
            heading: "Latest releases".into(),
            path: "/movies?sort=-year".into(),
            tiles: first(&all, Sort::Year),
        },
        MovieRow {
            id: "loved",
            heading: "Top rated".into(),
            path: "/movies?sort=-score".into(),
            tiles: first(&all, Sort::Score),
        },
    ];
    let mut directors = lists.filmmakers(Role::Director, 0, MAX_DIRECTORS);
    directors.retain(|director| director.movies.len() >= MIN_MOVIES);
    rows.extend(of_today(site, &directors).map(|director| MovieRow {
        id: "director",
        heading: format!("By {}", director.name),
        path: filmmaker_link::address(director),
        tiles: first(&director.movies, Sort::Year),
    }));
    rows
}

impl RecentVersion {
    fn of(site: &Site, version: &Version) -> Self {
        let header = &version.header;
        let changes = version.changes.as_deref().unwrap_or_default();
        let names = ItemNames::of(&site.snapshot.catalogue, changes);
        let mut texts = Vec::new();
        let mut named = 0;
        for change in notable(changes) {
            if texts.len() >= MAX_SENTENCES {
                break;
            }
            texts.extend(sentences(change, &names));
            named += 1;
        }
        texts.truncate(MAX_SENTENCES);
        let more = header.changes.total().saturating_sub(named);
        let (texts, more) = match texts.is_empty() {
            true if header.first => (vec!["Initial import.".into()], 0),
            true => (
                vec![format!("{}.", item_counts_in_words(header.changes))],
                0,
            ),
            false => (texts, more),
        };
        Self {
            version: header.version,
            at: TimeTag(header.at),
            sentences: texts,
            more,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_ends_at_a_full_stop_before_a_space() {
        for (text, sentence) in [
            ("One. Two.", "One."),
            ("A 1.5 h walk", "A 1.5 h walk"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), sentence);
        }
    }

    #[test]
    fn every_movie_is_the_movie_of_the_day_in_turn() {
        let mut site = Site::built_in();
        let count = site.snapshot.catalogue.count(Kind::Movie);
        let titles: std::collections::BTreeSet<_> = (0..count)
            .map(|day| {
                site.today = 20_000 + i64::try_from(day).unwrap();
                FeaturedMovie::of_the_day(&site).unwrap().movie.title
            })
            .collect();
        assert_eq!(titles.len(), count);
    }
}
