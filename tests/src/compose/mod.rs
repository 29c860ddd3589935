//! Compose files on a Docker engine, if there is one.

pub mod engine;
mod project;

pub use project::{ComposeFile, Project};
