//! Trials and measurements that take minutes. `cargo test` leaves them out: see `scripts/soak`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![expect(clippy::print_stdout, reason = "progress and measurements")]

mod cluster;
mod interrupted_runs;
mod memory;
mod mutated_requests;
mod page_reader;

use std::str::FromStr;

/// A number from the environment, or the default.
fn setting<T: FromStr>(name: &str, default: T) -> T {
    let value = std::env::var(name).ok();
    value.and_then(|text| text.parse().ok()).unwrap_or(default)
}
