#![doc = include_str!("../README.md")]

pub mod cli;
pub mod commands;
pub mod metrics;
pub mod pipeline;
pub mod posters;
mod progress;
pub mod schedule;
mod setup;
mod summary;
pub mod webhooks;
