#![doc = include_str!("../README.md")]

pub mod cli;
pub mod diff;
pub mod fuse;
pub mod history;
pub mod parse;
pub mod plan;
mod progress;
pub mod report;
pub mod run;
#[cfg(test)]
mod samples;
pub mod setup;
pub mod sync;
pub mod tombstones;
