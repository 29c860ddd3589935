#![doc = include_str!("../README.md")]

pub mod cli;
pub mod commands;
pub mod metrics;
pub mod pipeline;
mod progress;
pub mod schedule;
mod setup;
mod summary;
pub mod webhooks;
