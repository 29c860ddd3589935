//! What the web app and the syncer share: the models of a catalogue, the repository that keeps
//! its versions, the seed, configuration, telemetry, the clock, shutdown and exit codes.

pub mod clock;
pub mod config;
pub mod exit;
pub mod models;
pub mod repository;
pub mod seed;
pub mod shutdown;
pub mod telemetry;
