use common::clock::Clock;
use common::metrics::{Metrics, duration_histogram};

use crate::state::CurrentSite;

/// Observes the time from the commit of a version until it is served. Never ends.
///
/// The first version after the start is not observed: it can be of any age.
pub(crate) fn watch_delay(
    metrics: &Metrics,
    current: CurrentSite,
    clock: Clock,
) -> impl Future<Output = ()> + use<> {
    let delays = duration_histogram();
    let help = "Time from the commit of a version by the syncer until this process serves it";
    metrics.register("commit_to_served_seconds", help, delays.clone());
    let mut swapped = current.swapped();
    async move {
        let mut served = None;
        while swapped.changed().await.is_ok() {
            let Ok(site) = current.load() else { continue };
            let version = site.version();
            if served.is_some_and(|served| version > served) {
                let delay = clock.now().duration_since(site.snapshot.header.at);
                delays.observe(delay.as_secs_f64().max(0.0));
            }
            served = Some(version);
        }
    }
}
