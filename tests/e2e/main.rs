//! The end-to-end tests.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![expect(clippy::print_stdout, reason = "measurements")]

mod accessibility;
mod approvals;
mod backups;
mod bad_responses;
mod commands;
mod compose;
mod curl;
mod drop_in;
mod events;
mod example_clients;
mod failover;
mod feed;
mod lifecycle;
mod live_pages;
mod logs;
mod marks;
mod metrics;
mod mirroring;
mod mongodb_dump;
mod mongodb_faults;
mod operations_guide;
mod pages;
mod posters;
mod public_address;
mod raw_http;
mod released_stores;
mod snapshots;
mod sqlite_file;
mod status;
mod syncing;
mod upgrades;
mod versions;
mod webhooks;
