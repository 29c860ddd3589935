use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use catalogue_index::Role;
use catalogue_search::{FieldMatch, Hit, MAX_OFFSET, SearchField, SearchQuery, SearchResults};
use common::models::{Facts, Item, Kind};
use http_content::Representation;
use serde::Deserialize;

use super::filmmaker_link::FilmmakerLink;
use super::language::has_japanese_title;
use super::layout::{HtmlHead, PageLayout};
use super::tile::{self, Tile};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::http::query;
use crate::state::{CurrentSite, Site};

/// Results of each kind on a page with all kinds.
const PER_KIND: usize = 6;
/// Results on a page with one kind.
const PER_PAGE: usize = 50;
/// Groups with at most as many results are beside each other.
const FEW: usize = 2;
/// Texts of each sort in the examples on the empty page.
const MAX_EXAMPLES: usize = 2;

#[derive(Debug, Deserialize)]
pub(crate) struct SearchParameters {
    q: Option<String>,
    kind: Option<String>,
    page: Option<String>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    head: HtmlHead,
    layout: PageLayout,
    query: String,
    /// The only kind that is searched, if so.
    kind: Option<Kind>,
    total: usize,
    did_you_mean: Option<String>,
    /// Whether synopses are searched too.
    has_synopses: bool,
    /// Directors and producers with such a name.
    filmmakers: Vec<FilmmakerLink>,
    groups: Vec<HitGroup>,
    /// Texts to search for, with their languages if not English; on the empty page.
    examples: Vec<(String, Option<&'static str>)>,
    page: usize,
    pages: usize,
}

/// The results of one kind.
struct HitGroup {
    kind: Kind,
    total: usize,
    hits: Vec<HitView>,
}

struct HitView {
    tile: Tile,
    name: Vec<TextPart>,
    other_fields: Vec<FieldView>,
}

/// A field that matches, besides the name.
struct FieldView {
    label: &'static str,
    is_japanese: bool,
    text: Vec<TextPart>,
}

struct TextPart {
    text: String,
    is_match: bool,
}

/// The results of a search, by kind.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    parameters: Result<Query<SearchParameters>, QueryRejection>,
) -> Result<Representation, AppError> {
    let Query(parameters) = parameters?;
    let query = parameters.q.unwrap_or_default().trim().to_owned();
    let kind = match parameters.kind.as_deref() {
        None | Some("") => None,
        Some(word) => Some(word.parse().map_err(|_| {
            let kinds = Kind::ALL.map(Kind::plural).join(", ");
            AppError::BadParameter {
                name: "kind".into(),
                problem: format!("must be one of: {kinds}"),
            }
        })?),
    };
    let page = match parameters.page.as_deref() {
        None | Some("") => 1,
        Some(text) => query::number("page", text, 1, MAX_OFFSET / PER_PAGE)?,
    };
    let site = current.load()?;
    let overview = find(&site, &query, &[], 1, 0);
    let mut groups = match kind {
        Some(kind) => vec![hit_group(
            &site,
            &query,
            kind,
            PER_PAGE,
            (page - 1) * PER_PAGE,
        )],
        None => hit_groups(&site, &query, &overview),
    };
    groups.retain(|group| !group.hits.is_empty());
    let spelling = overview.did_you_mean.as_deref().unwrap_or(&query);
    let filmmakers = match kind {
        Some(_) => Vec::new(),
        None => find_filmmakers(&site, spelling, PER_KIND),
    };
    let total = match kind {
        Some(kind) => overview.totals[kind as usize],
        None => overview.total() + filmmakers.len(),
    };
    let title = if query.is_empty() {
        "Search".to_owned()
    } else {
        format!("Search for “{query}”")
    };
    let page = SearchPage {
        head: HtmlHead::of(
            &public_url,
            "/search",
            title,
            "Search Studio Ghibli’s movies, characters, places, species and vehicles.",
        )
        .not_indexed(),
        layout: PageLayout::of(&site),
        kind,
        total,
        did_you_mean: overview.did_you_mean,
        has_synopses: site.indexes.search.has_synopses(),
        filmmakers,
        groups,
        examples: match query.is_empty() {
            true => examples(&site),
            false => Vec::new(),
        },
        page,
        pages: match kind {
            Some(_) => total.min(MAX_OFFSET).div_ceil(PER_PAGE).max(1),
            None => 1,
        },
        query,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

impl SearchPage {
    /// The address of a search in one kind or in all.
    fn address(&self, query: &str, kind: Option<&Kind>, page: usize) -> String {
        let mut address = form_urlencoded::Serializer::new(String::new());
        address.append_pair("q", query);
        if let Some(kind) = kind {
            address.append_pair("kind", kind.plural());
        }
        if page > 1 {
            address.append_pair("page", &page.to_string());
        }
        format!("/search?{}", address.finish())
    }
}

/// Directors, original and romanised titles, and characters of the catalogue.
fn examples(site: &Site) -> Vec<(String, Option<&'static str>)> {
    let lists = &site.indexes.lists;
    let first = |kind: Kind| {
        let numbers = lists.source_order(kind).iter().take(MAX_EXAMPLES);
        numbers.filter_map(|number| lists.item(*number))
    };
    let directors = lists.filmmakers(Role::Director, 0, MAX_EXAMPLES);
    let directors = directors.into_iter().map(|director| (director.name, None));
    let titles = first(Kind::Movie).flat_map(|item| match &item.facts {
        Facts::Movie(movie) if has_japanese_title(movie) => [
            (movie.original_title.clone(), Some("ja")),
            (movie.original_title_romanised.clone(), Some("ja-Latn")),
        ],
        _ => [(None, None), (None, None)],
    });
    let titles = titles.filter_map(|(title, language)| Some((title?, language)));
    let people = first(Kind::Person).map(|item| (item.name().to_owned(), None));
    directors.chain(titles).chain(people).collect()
}

fn find(site: &Site, query: &str, kinds: &[Kind], limit: usize, offset: usize) -> SearchResults {
    let query = SearchQuery {
        text: query,
        kinds,
        limit,
        offset,
    };
    site.indexes.search.find(&query, &site.snapshot.catalogue)
}

/// Directors, then producers, with such a name; up to `limit` of each.
pub(super) fn find_filmmakers(site: &Site, text: &str, limit: usize) -> Vec<FilmmakerLink> {
    let lists = &site.indexes.lists;
    let roles = Role::ALL.into_iter();
    let found = roles.flat_map(|role| lists.find_filmmakers(role, text, limit));
    found
        .map(|filmmaker| FilmmakerLink::of(&filmmaker))
        .collect()
}

/// Some results of each kind that has any, the kind of the best result first.
fn hit_groups(site: &Site, query: &str, overview: &SearchResults) -> Vec<HitGroup> {
    let best = overview.hits.first().map(|hit| hit.kind);
    let mut kinds = Kind::ALL.to_vec();
    kinds.retain(|kind| overview.totals[*kind as usize] > 0);
    kinds.sort_by_key(|kind| Some(*kind) != best);
    let groups = kinds.into_iter();
    groups
        .map(|kind| hit_group(site, query, kind, PER_KIND, 0))
        .collect()
}

fn hit_group(site: &Site, query: &str, kind: Kind, limit: usize, offset: usize) -> HitGroup {
    let found = find(site, query, &[kind], limit, offset);
    let hits = found.hits.iter();
    HitGroup {
        kind,
        total: found.total(),
        hits: hits.filter_map(|hit| HitView::of(site, hit)).collect(),
    }
}

impl HitView {
    fn of(site: &Site, hit: &Hit) -> Option<Self> {
        let item = site.indexes.lists.item(hit.number)?;
        let (names, others): (Vec<_>, Vec<_>) = hit
            .matches
            .iter()
            .partition(|matched| matched.field == SearchField::Name);
        Some(Self {
            name: match names.first() {
                Some(matched) => text_parts(matched),
                None => vec![TextPart {
                    text: item.name().to_owned(),
                    is_match: false,
                }],
            },
            other_fields: others
                .into_iter()
                .map(|matched| FieldView::of(matched, &item))
                .collect(),
            tile: Tile::of(site, item),
        })
    }
}

impl FieldView {
    fn of(matched: &FieldMatch, item: &Item) -> Self {
        Self {
            label: match matched.field {
                SearchField::Name
                | SearchField::OriginalTitle
                | SearchField::RomanisedTitle
                | SearchField::Synopsis => "",
                SearchField::Director => "directed by ",
                SearchField::Producer => "produced by ",
                SearchField::Person | SearchField::Vehicle => "with ",
                SearchField::Location => "at ",
            },
            is_japanese: matched.field == SearchField::OriginalTitle
                && matches!(&item.facts, Facts::Movie(movie) if has_japanese_title(movie)),
            text: text_parts(matched),
        }
    }
}

fn text_parts(matched: &FieldMatch) -> Vec<TextPart> {
    let parts = matched.parts();
    parts
        .map(|(text, is_match)| TextPart {
            text: text.to_owned(),
            is_match,
        })
        .collect()
}
