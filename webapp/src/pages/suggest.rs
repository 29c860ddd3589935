//! Names that complete a typed text, for the pages' script.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use catalogue_search::Completion;
use http_content::Representation;
use serde::{Deserialize, Serialize};

use super::filmmaker_link::FilmmakerLink;
use super::search::find_filmmakers;
use super::tile;
use crate::http::content::{AtVersion as _, JSON};
use crate::http::{AppError, Links};
use crate::state::{CurrentSite, Site};

const MAX_SUGGESTIONS: usize = 8;
/// Directors among the suggestions, and the same number of producers.
const MAX_FILMMAKERS: usize = 2;

#[derive(Debug, Deserialize)]
pub(crate) struct SuggestParameters {
    q: Option<String>,
}

#[derive(Serialize)]
struct Suggestion {
    name: String,
    /// The kind or role in words.
    kind: &'static str,
    href: String,
}

/// Items by name, then filmmakers, then items by other fields.
pub(crate) async fn suggest(
    State(current): State<CurrentSite>,
    links: Links,
    parameters: Result<Query<SuggestParameters>, QueryRejection>,
) -> Result<Representation, AppError> {
    let Query(parameters) = parameters?;
    let text = parameters.q.unwrap_or_default();
    let site = current.load()?;
    let catalogue = &site.snapshot.catalogue;
    let completions = site
        .indexes
        .search
        .suggest(&text, MAX_SUGGESTIONS, catalogue);
    let filmmakers = find_filmmakers(&site, &text, MAX_FILMMAKERS);
    let (mut by_name, others): (Vec<_>, Vec<_>) = completions
        .into_iter()
        .partition(|completion| completion.is_name);
    by_name.truncate(MAX_SUGGESTIONS - filmmakers.len());
    let of_items = |completions: Vec<Completion>| {
        let completions = completions.into_iter();
        completions.filter_map(|completion| Suggestion::of_item(&site, completion))
    };
    let suggestions = of_items(by_name)
        .chain(filmmakers.into_iter().map(Suggestion::of_filmmaker))
        .chain(of_items(others))
        .take(MAX_SUGGESTIONS)
        .map(|suggestion| Suggestion {
            href: format!("{}{}", links.prefix(), suggestion.href),
            ..suggestion
        });
    let json = serde_json::to_vec(&suggestions.collect::<Vec<_>>())
        .map_err(|error| AppError::Internal(anyhow::Error::new(error)))?;
    let suggestions = Representation::new(JSON, json).at_version(site.version());
    Ok(links.with_paths(suggestions))
}

impl Suggestion {
    fn of_item(site: &Site, completion: Completion) -> Option<Self> {
        let item = site.indexes.lists.item(completion.number)?;
        Some(Self {
            // A title in another language, such as “Whisper of the Heart · Mimi wo sumaseba”.
            name: match completion.text == item.name() {
                true => completion.text,
                false => format!("{} · {}", item.name(), completion.text),
            },
            kind: tile::singular(completion.kind),
            href: tile::address(&item),
        })
    }

    fn of_filmmaker(link: FilmmakerLink) -> Self {
        Self {
            name: link.name,
            kind: link.role.singular(),
            href: link.address,
        }
    }
}
