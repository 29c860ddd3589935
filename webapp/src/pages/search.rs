use catalogue_search::{FURTHEST, Field, Found, Hit, Matched, Question};
use http_content::Representation;
use std::ops::Range;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use common::models::Kind;
use serde::{Deserialize, Serialize};

use super::layout::{HtmlHead, PageLayout};
use super::tile::{self, Tile};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _, JSON};
use crate::http::query;
use crate::state::{CurrentSite, Site};

/// So many of each kind stand on a page with several.
const OF_EACH: usize = 6;
/// So many stand on a page of one kind.
const PER_PAGE: usize = 50;
/// So many names are suggested.
const SUGGESTED: usize = 8;

/// What is looked for, and where.
#[derive(Debug, Deserialize)]
pub(crate) struct SearchQuery {
    q: Option<String>,
    kind: Option<String>,
    page: Option<String>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    head: HtmlHead,
    layout: PageLayout,
    asked: String,
    /// The only kind that is looked for, if so.
    kind: Option<Kind>,
    total: usize,
    meant: Option<String>,
    groups: Vec<Group>,
    page: usize,
    pages: usize,
}

/// The hits of a kind.
struct Group {
    kind: Kind,
    total: usize,
    hits: Vec<HitView>,
}

struct HitView {
    tile: Tile,
    name: Vec<Stretch>,
    /// The other texts that match.
    others: Vec<Other>,
}

/// A text of an item that matches, beside its name.
struct Other {
    /// What leads to it.
    label: &'static str,
    is_original: bool,
    text: Vec<Stretch>,
}

/// A stretch of a text, and whether it matches.
struct Stretch {
    text: String,
    marked: bool,
}

/// Everything that matches what was typed, by kind.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Result<Representation, AppError> {
    let Query(query) = query?;
    let asked = query.q.unwrap_or_default().trim().to_owned();
    let kind = match query.kind.as_deref() {
        None | Some("") => None,
        Some(word) => Some(word.parse().map_err(|_| {
            let kinds = Kind::ALL.map(Kind::plural).join(", ");
            AppError::BadRequest(format!("kind must be one of: {kinds}"))
        })?),
    };
    let page = match query.page.as_deref() {
        None | Some("") => 1,
        Some(text) => query::number("page", text, 1, FURTHEST / PER_PAGE)?,
    };
    let site = current.load()?;
    let looked = Looked {
        site: &site,
        asked: &asked,
    };
    let overview = looked.find(&[], 1, 0);
    let groups = match kind {
        Some(kind) => vec![looked.group(kind, PER_PAGE, (page - 1) * PER_PAGE)],
        None => looked.groups(&overview),
    };
    let groups: Vec<_> = groups
        .into_iter()
        .filter(|group| !group.hits.is_empty())
        .collect();
    let total = match kind {
        Some(kind) => overview.totals[kind as usize],
        None => overview.total(),
    };
    let title = if asked.is_empty() {
        "Search".to_owned()
    } else {
        format!("Search for “{asked}”")
    };
    let page = SearchPage {
        head: HtmlHead::of(
            &public_url,
            "/search",
            title,
            "Search Studio Ghibli’s movies, characters, places, species and vehicles.",
        ),
        layout: PageLayout::of(&site),
        kind,
        total,
        meant: overview.meant,
        groups,
        page,
        pages: match kind {
            Some(_) => total.min(FURTHEST).div_ceil(PER_PAGE).max(1),
            None => 1,
        },
        asked,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

impl SearchPage {
    /// The address of a search, of one kind or all.
    fn address(&self, asked: &str, kind: Option<&Kind>, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", asked);
        if let Some(kind) = kind {
            query.append_pair("kind", kind.plural());
        }
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        format!("/search?{}", query.finish())
    }
}

/// What was asked, and of which state.
struct Looked<'a> {
    site: &'a Site,
    asked: &'a str,
}

impl Looked<'_> {
    fn find(&self, kinds: &[Kind], limit: usize, offset: usize) -> Found {
        let question = Question {
            text: self.asked,
            kinds,
            limit,
            offset,
        };
        let catalogue = &self.site.snapshot.catalogue;
        self.site.indexes.search.find(&question, catalogue)
    }

    /// Some hits of each kind that has any, the kind of the best one first.
    fn groups(&self, overview: &Found) -> Vec<Group> {
        let best = overview.hits.first().map(|hit| hit.kind);
        let mut kinds = Kind::ALL.to_vec();
        kinds.retain(|kind| overview.totals[*kind as usize] > 0);
        kinds.sort_by_key(|kind| Some(*kind) != best);
        let groups = kinds.into_iter();
        groups.map(|kind| self.group(kind, OF_EACH, 0)).collect()
    }

    fn group(&self, kind: Kind, limit: usize, offset: usize) -> Group {
        let found = self.find(&[kind], limit, offset);
        Group {
            kind,
            total: found.total(),
            hits: found
                .hits
                .iter()
                .filter_map(|hit| HitView::of(self.site, hit))
                .collect(),
        }
    }
}

impl HitView {
    fn of(site: &Site, hit: &Hit) -> Option<Self> {
        let item = site.indexes.lists.item(hit.number)?;
        let (names, others): (Vec<_>, Vec<_>) = hit
            .matched
            .iter()
            .partition(|matched| matched.field == Field::Name);
        Some(Self {
            name: match names.first() {
                Some(matched) => stretches(&matched.text, &matched.spans),
                None => stretches(item.name(), &[]),
            },
            others: others.into_iter().map(Other::of).collect(),
            tile: Tile::of(&site.snapshot.catalogue, item),
        })
    }
}

impl Other {
    fn of(matched: &Matched) -> Self {
        Self {
            label: match matched.field {
                Field::Name | Field::OriginalTitle | Field::RomanisedTitle => "",
                Field::Director => "directed by ",
                Field::Producer => "produced by ",
                Field::Person | Field::Vehicle => "with ",
                Field::Location => "at ",
            },
            is_original: matched.field == Field::OriginalTitle,
            text: stretches(&matched.text, &matched.spans),
        }
    }
}

/// A text cut where it begins and ends to match.
fn stretches(text: &str, spans: &[Range<usize>]) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut push = |range: Range<usize>, marked| {
        if let Some(text) = text.get(range).filter(|text| !text.is_empty()) {
            stretches.push(Stretch {
                text: text.to_owned(),
                marked,
            });
        }
    };
    let mut end = 0;
    for span in spans {
        push(end..span.start, false);
        push(span.clone(), true);
        end = span.end;
    }
    push(end..text.len(), false);
    stretches
}

/// A name that completes what was typed, with its page.
#[derive(Serialize)]
struct Suggestion {
    name: String,
    /// What people call its kind.
    kind: &'static str,
    href: String,
}

/// Names that complete what was typed, for the script of the pages.
pub(crate) async fn suggest(
    State(current): State<CurrentSite>,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Result<Representation, AppError> {
    let Query(query) = query?;
    let site = current.load()?;
    let completions = site.indexes.search.suggest(
        query.q.as_deref().unwrap_or_default(),
        SUGGESTED,
        &site.snapshot.catalogue,
    );
    let suggestions: Vec<_> = completions
        .into_iter()
        .filter_map(|completion| {
            let item = site.indexes.lists.item(completion.number)?;
            Some(Suggestion {
                name: completion.text,
                kind: tile::singular(completion.kind),
                href: tile::address(&item),
            })
        })
        .collect();
    let json = serde_json::to_vec(&suggestions)
        .map_err(|error| AppError::Internal(anyhow::Error::new(error)))?;
    Ok(Representation::new(JSON, json).at_version(site.version()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_whole_around_its_marks() {
        let marked = |text: &str, spans: &[Range<usize>]| -> String {
            let stretches = stretches(text, spans).into_iter();
            stretches
                .map(|stretch| match stretch.marked {
                    true => format!("[{}]", stretch.text),
                    false => stretch.text,
                })
                .collect()
        };
        let totoro = std::slice::from_ref(&(12..21));
        assert_eq!(marked("となりのトトロ", totoro), "となりの[トトロ]");
        assert_eq!(marked("My Neighbor", &[0..2, 3..11]), "[My] [Neighbor]");
        assert_eq!(marked("", &[]), "");
    }
}
