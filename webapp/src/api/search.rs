use catalogue_search::{MAX_OFFSET, SearchQuery};
use common::models::Kind;
use schemars::JsonSchema;
use serde::Serialize;

use super::paging::{self, PageInfo, PagedList};
use super::parameter::{Parameter, ParameterType};
use super::request::ApiRequest;
use super::response::ApiResponse;
use crate::http::AppError;

#[derive(Serialize, JsonSchema)]
pub(super) struct SearchResults {
    #[serde(flatten)]
    list: PagedList<SearchResult>,
    /// Suggested spelling, if nothing matches the query as typed.
    did_you_mean: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct SearchResult {
    /// Kind of the item.
    kind: Kind,
    /// ID at the source.
    id: String,
    /// URL slug.
    slug: String,
    /// Title or name.
    name: String,
    /// Matching fields, split into matching and other parts.
    matched: Vec<FieldMatch>,
}

#[derive(Serialize, JsonSchema)]
struct FieldMatch {
    /// Name of the field.
    field: &'static str,
    /// The text of the field, or a part of a long one.
    parts: Vec<MatchPart>,
}

#[derive(Serialize, JsonSchema)]
struct MatchPart {
    /// A piece of the text.
    text: String,
    /// Whether it matches the query.
    r#match: bool,
}

pub(super) fn parameters() -> Vec<Parameter> {
    let mut parameters = vec![
        Parameter::new("q", ParameterType::Text, "Search text.", "totoro").required(),
        Parameter::new(
            "kind",
            ParameterType::SomeOf(Kind::ALL.map(Kind::singular).to_vec()),
            "Only results of these kinds.",
            "movie,person",
        ),
    ];
    parameters.extend(paging::parameters());
    parameters
}

pub(super) fn search(request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let site = request.site;
    let kinds = request.parameters.words("kind").unwrap_or_default();
    let kinds: Vec<Kind> = kinds.iter().filter_map(|kind| kind.parse().ok()).collect();
    let page = PageInfo::of(request);
    let (offset, limit) = page.skip_take();
    let query = SearchQuery {
        text: request.parameters.get("q").unwrap_or_default(),
        kinds: &kinds,
        limit,
        offset: offset.min(MAX_OFFSET + 1),
    };
    let found = site.indexes.search.find(&query, &site.snapshot.catalogue);
    let results = found.hits.iter().filter_map(|hit| {
        let item = site.indexes.lists.item(hit.number)?;
        Some(SearchResult {
            kind: hit.kind,
            id: item.id.to_string(),
            slug: item.slug.to_string(),
            name: item.name().to_owned(),
            matched: hit.matches.iter().map(FieldMatch::of).collect(),
        })
    });
    let list = PagedList::new(request, page, found.total() as u64, results);
    let page = list.page;
    let body = SearchResults {
        list,
        did_you_mean: found.did_you_mean,
    };
    Ok(ApiResponse::new(&body)?.with_page(page))
}

impl FieldMatch {
    fn of(matched: &catalogue_search::FieldMatch) -> Self {
        let parts = matched.parts();
        let part = |(text, is_match): (&str, bool)| MatchPart {
            text: text.to_owned(),
            r#match: is_match,
        };
        Self {
            field: matched.field.property(),
            parts: parts.map(part).collect(),
        }
    }
}
