//! Any interleaving of publishers and readers, with every fault that the protocol is there for,
//! against a simple model of what the store must hold.
//!
//! proptest makes a list of operations; `world` carries them out one by one on a real store.
//! Nothing happens by the time of day: processes advance only where the list says so, over an
//! [`intercepted_store`], and leases end by hand. So a failing list fails again, and shrinks.

mod intercepted_store;
mod model;
mod operation;
mod publisher;
mod reader;
mod run;
mod world;

use std::env;
use std::time::Duration;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use tokio::runtime::Handle;

use crate::fixture::Fixture;
use world::World;

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn whatever_happens_readers_see_published_versions_alone(store: &Fixture) {
    let mut runner = TestRunner::new(configuration(store.is_mongodb()));
    tokio::task::block_in_place(|| {
        let tried = runner.run(&operation::histories(), |(retention, operations)| {
            let case = World::try_out(store, retention, &operations);
            Handle::current()
                .block_on(case)
                .map_err(TestCaseError::fail)
        });
        if let Err(failure) = tried {
            panic!("{failure}");
        }
    });
}

/// As many cases as take some 20 s; proptest's own variables come first.
fn configuration(mongodb: bool) -> Config {
    let mut config = Config::default();
    let (cases, shrinking) = if mongodb { (24, 300) } else { (200, 3_000) };
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if env::var_os("PROPTEST_MAX_SHRINK_ITERS").is_none() {
        config.max_shrink_iters = shrinking;
    }
    // A plain run tries the same lists every time; PROPTEST_RNG_SEED asks for others.
    if env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(20_261_124);
    }
    // What a failure needs to be seen again is in its message.
    config.failure_persistence = None;
    config
}
