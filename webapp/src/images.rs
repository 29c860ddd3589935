//! The pictures of posters: their URLs, and their handler with a cache in memory. A request never
//! waits for the host that a poster comes from.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use common::config::PosterSettings;
use common::metrics::Metrics;
use common::repository::{Picture, Repository};
use http_content::Representation;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::assets::IMMUTABLE;
use crate::http::AppError;
use crate::http::content::JPEG;
use crate::state::CurrentSite;

/// The longest wait for the store.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// The usual size of a picture, to size the cache's table.
const USUAL_BYTES: u64 = 32 << 10;
/// Memory of a cache entry beside its content.
const ENTRY_BYTES: u64 = 200;
const RESULTS: [&str; 4] = ["hit", "miss", "not_found", "unavailable"];

/// Reads pictures from the store; keeps those that were requested last. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Images(Option<Arc<Pictures>>);

#[derive(Debug)]
struct Pictures {
    repository: Repository,
    cache: Cache<String, Bytes, BySize>,
    requests: Family<[(&'static str, &'static str); 1], Counter>,
    sent_bytes: Counter,
}

#[derive(Clone, Debug)]
struct BySize;

impl Weighter<String, Bytes> for BySize {
    fn weight(&self, _: &String, content: &Bytes) -> u64 {
        content.len() as u64 + ENTRY_BYTES
    }
}

impl Images {
    /// The pictures of a repository; none if posters are off.
    pub(crate) fn new(repository: Repository, settings: &PosterSettings) -> Self {
        let pictures = || {
            let bytes = settings.cache_bytes;
            let entries = usize::try_from(bytes / USUAL_BYTES).unwrap_or(usize::MAX);
            Arc::new(Pictures {
                repository,
                cache: Cache::with_weighter(entries.max(1), bytes, BySize),
                requests: Family::default(),
                sent_bytes: Counter::default(),
            })
        };
        Self(settings.is_enabled.then(pictures))
    }

    /// Counts requests for pictures, and measures the cache.
    pub(crate) fn register(&self, metrics: &Metrics) {
        let Some(pictures) = self.0.clone() else {
            return;
        };
        for result in RESULTS {
            drop(pictures.requests.get_or_create(&[("result", result)]));
        }
        let help = "Requests for pictures of posters by result";
        metrics.register("poster_requests", help, pictures.requests.clone());
        let help = "Size of the pictures of posters sent";
        metrics.register("poster_sent_bytes", help, pictures.sent_bytes.clone());
        metrics.on_scrape(move |scrape| {
            let help = "Size of the pictures of posters in memory";
            scrape.gauge("poster_cache_bytes", help, pictures.cache.weight() as f64)
        });
    }
}

impl Pictures {
    /// The content of a picture. Concurrent requests for it read the store once.
    async fn read(&self, key: &str) -> Result<Bytes, AppError> {
        if let Some(content) = self.cache.get(key) {
            self.count("hit");
            return Ok(content);
        }
        let read = async {
            let read = tokio::time::timeout(READ_TIMEOUT, self.repository.picture(key)).await;
            match read {
                Ok(Ok(Some(content))) => Ok(Bytes::from(content)),
                Ok(Ok(None)) => Err(AppError::NotFound),
                Ok(Err(error)) => {
                    tracing::debug!(%error, picture = key, "cannot read a picture");
                    Err(AppError::DatabaseUnavailable)
                }
                Err(_) => Err(AppError::DatabaseUnavailable),
            }
        };
        let content = self.cache.get_or_insert_async(key, read).await;
        self.count(match &content {
            Ok(_) => "miss",
            Err(AppError::NotFound) => "not_found",
            Err(_) => "unavailable",
        });
        content
    }

    fn count(&self, result: &'static str) {
        self.requests.get_or_create(&[("result", result)]).inc();
    }
}

/// The path of a picture.
pub(crate) fn address(picture: &Picture) -> String {
    format!("/images/{}.jpg", picture.key)
}

/// A picture of a poster that the store has.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(images): State<Images>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Representation, AppError> {
    let Path(name) = name?;
    let site = current.load()?;
    let pictures = images.0.as_ref().ok_or(AppError::NotFound)?;
    let posters = &site.sync_status.posters;
    let key = name.strip_suffix(".jpg");
    let Some(key) = key.filter(|key| posters.has_picture(key)) else {
        pictures.count("not_found");
        return Err(AppError::NotFound);
    };
    let content = pictures.read(key).await?;
    pictures.sent_bytes.inc_by(content.len() as u64);
    Ok(Representation::new(JPEG, content).with_cache_control(IMMUTABLE))
}
