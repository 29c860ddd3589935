//! `/metrics` of the programs, and the alerts and the dashboard that use them.

mod exposition;
mod prometheus;
pub(crate) mod scrape;

use e2e::{DEADLINE, Store};
use testkit::process::Service;
use testkit::source::Source;

use self::scrape::LISTEN;

/// `pyflix` that syncs every 250 ms and serves its metrics.
async fn pyflix(source: &Source) -> Service {
    let url = source.url();
    let envs = [
        ("PYFLIX_PROVIDER_URLS", url.as_str()),
        ("PYFLIX_SYNC_INTERVAL", "250ms"),
        LISTEN,
    ];
    Service::start_web("pyflix", &envs, &[], DEADLINE).await
}

/// `webapp` on a store.
async fn webapp(store: &Store) -> Service {
    let envs = [("PYFLIX_DATABASE_URL", store.url.as_str()), LISTEN];
    Service::start_web("webapp", &envs, &[], DEADLINE).await
}

/// `syncer` on a store, with an interval of 250 ms.
fn syncer(store: &Store, source: &Source) -> Service {
    let url = source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", url.as_str()),
        ("PYFLIX_SYNC_INTERVAL", "250ms"),
        LISTEN,
    ];
    Service::start("syncer", &envs, &[])
}
