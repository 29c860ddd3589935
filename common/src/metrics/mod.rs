//! Metrics of a process in OpenMetrics text, for Prometheus. All names begin with `pyflix_`.

mod process;
mod scrape;
mod server;

use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use self::scrape::OnScrape;
pub use self::scrape::Scrape;
pub use self::server::{listen, serve};
use crate::config::Config;

/// Upper bounds of the buckets of durations, in seconds.
const DURATION_BUCKETS: [f64; 10] = [0.001, 0.0025, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0];

/// The metrics of a process, to which its parts add theirs. A clone shares them.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    /// The metrics of the process itself: build, settings, memory, processor time, files.
    pub fn new(program: &'static str, config: &Config) -> Self {
        let metrics = Self(Arc::new(Mutex::new(Registry::with_prefix("pyflix"))));
        let build = [("program", program), ("version", env!("CARGO_PKG_VERSION"))];
        metrics.register("build", "Program and version", Info::new(build));
        let interval = config.sync_interval.as_secs_f64();
        metrics.on_scrape(move |scrape| {
            let help = "Configured time between syncs";
            scrape.gauge("sync_interval_seconds", help, interval)?;
            process::write(scrape)
        });
        metrics
    }

    /// Adds a metric. Its name lacks the prefix `pyflix_` and a counter's `_total`; a clone of the
    /// metric changes it later.
    pub fn register(&self, name: &str, help: &str, metric: impl Metric) {
        self.registry().register(name, help, metric);
    }

    /// Adds metrics whose values are read at every scrape.
    pub fn on_scrape<F>(&self, write: F)
    where
        F: Fn(&mut Scrape<'_, '_>) -> fmt::Result + Send + Sync + 'static,
    {
        let collector = Box::new(OnScrape(write));
        self.registry().register_collector(collector);
    }

    /// All metrics in OpenMetrics text.
    fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry())?;
        Ok(text)
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Histograms of durations in seconds, one for each set of labels.
pub type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// Histograms of durations without a label set yet.
pub fn durations<L: Clone + Eq + Hash>() -> Durations<L> {
    Family::new_with_constructor(duration_histogram)
}

/// A histogram of durations in seconds, from a millisecond to a minute.
pub fn duration_histogram() -> Histogram {
    Histogram::new(DURATION_BUCKETS)
}
