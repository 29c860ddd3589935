//! The code that web app and syncer share: models, the repository of versions, the built-in
//! catalogue, configuration, telemetry, the clock, shutdown and exit codes.

pub mod clock;
pub mod config;
pub mod exit;
pub mod models;
pub mod repository;
pub mod seed;
pub mod shutdown;
pub mod telemetry;
