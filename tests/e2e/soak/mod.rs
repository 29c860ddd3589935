//! Measurements and trials that take minutes, ignored by `cargo test`: see `scripts/soak`.

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
