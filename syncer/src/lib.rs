//! The syncer: the only writer. It fetches the whole source every interval, finds what changed,
//! and publishes that as the next version.

pub mod cli;
pub mod commands;
pub mod pipeline;
mod progress;
pub mod schedule;
mod setup;
mod summary;
