#![doc = include_str!("../README.md")]

pub mod clock;
pub mod config;
pub mod exit;
pub mod listen;
pub mod metrics;
pub mod models;
pub mod repository;
pub mod seed;
pub mod shutdown;
pub mod telemetry;
