use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use axum::extract::State;
use axum::response::IntoResponse;
use common::models::Kind;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{StatusCode, Uri};

use super::facets::index_filters;
use super::view::{ListView, ParsedAddress};
use crate::http::AppError;
use crate::pages::tile;
use crate::robots::NOT_INDEXED;
use crate::state::CurrentSite;

/// Redirects to a random movie among those that pass the filters.
pub(crate) async fn random(
    State(current): State<CurrentSite>,
    uri: Uri,
) -> Result<impl IntoResponse, AppError> {
    let view = match ListView::parse(Kind::Movie, &uri)? {
        ParsedAddress::View(view) => view,
        ParsedAddress::Redirect(_) => ListView::of(Kind::Movie),
    };
    let site = current.load()?;
    let found = site
        .indexes
        .lists
        .find(Kind::Movie, &index_filters(&site, &view, None));
    // Every new hasher has random keys.
    let random = RandomState::new().build_hasher().finish();
    let position = random.checked_rem(found.len()).unwrap_or_default();
    let number = u32::try_from(position)
        .ok()
        .and_then(|position| found.select(position));
    let item = number.and_then(|number| site.indexes.lists.item(number));
    let address = item.map_or_else(|| view.address(), |item| tile::address(&item));
    let headers = [(LOCATION, address), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::SEE_OTHER, [NOT_INDEXED], headers))
}
