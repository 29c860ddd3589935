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

use std::time::Duration;
use std::{env, thread};

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use tokio::runtime::Handle;

use crate::fixture::Fixture;
use world::World;

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Runners at the same time, each with lists of its own.
const RUNNERS: u64 = 4;

pub(crate) async fn whatever_happens_readers_see_published_versions_alone(store: &Fixture) {
    let runtime = Handle::current();
    let run = |number: u64| {
        let mut runner = TestRunner::new(configuration(store.is_mongodb(), number));
        let tried = runner.run(&operation::histories(), |(retention, operations)| {
            let case = World::run_case(store, retention, &operations);
            runtime.block_on(case).map_err(TestCaseError::fail)
        });
        if let Err(failure) = tried {
            panic!("{failure}");
        }
    };
    // A case mostly waits for its readers.
    tokio::task::block_in_place(|| {
        thread::scope(|scope| {
            for number in 0..RUNNERS {
                scope.spawn(move || run(number));
            }
        });
    });
}

/// As many cases as take some 20 s; proptest's own variables come first.
fn configuration(mongodb: bool, runner: u64) -> Config {
    let mut config = Config::default();
    let (cases, shrinking) = if mongodb { (6, 300) } else { (50, 3_000) };
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if env::var_os("PROPTEST_MAX_SHRINK_ITERS").is_none() {
        config.max_shrink_iters = shrinking;
    }
    // A plain run tries the same lists every time; PROPTEST_RNG_SEED asks for others.
    if env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(20_261_124 + runner);
    }
    // What a failure needs to be seen again is in its message.
    config.failure_persistence = None;
    config
}
