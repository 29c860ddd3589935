use axum::extract::FromRef;

use crate::events::Events;
use crate::http::PublicUrl;
use crate::images::Images;
use crate::metrics::RequestMetrics;
use crate::state::{CurrentSite, Site};

/// The state of all handlers.
#[derive(Clone, Debug, Default, FromRef)]
pub(crate) struct AppState {
    /// The catalogue, its indexes and its freshness.
    pub(crate) current: CurrentSite,
    /// The base URL of links.
    pub(crate) public_url: PublicUrl,
    /// The streams of events.
    pub(crate) events: Events,
    /// The pictures of posters.
    pub(crate) images: Images,
    /// Counts of requests.
    pub(crate) requests: RequestMetrics,
}

impl AppState {
    /// The same with another site, which stays.
    pub(crate) fn with_site(self, site: Site) -> Self {
        Self {
            current: CurrentSite::new(site),
            ..self
        }
    }
}
