#![doc = include_str!("../README.md")]

pub mod cli;
pub mod error;
pub mod events;
pub mod feed;
pub mod history;
pub mod index;
pub mod routes;
pub mod run;
pub mod search;
pub mod site;
pub mod wording;

mod api;
mod art;
mod assets;
mod content;
mod costly;
mod ghibli;
mod middleware;
mod pages;
mod query;
mod response_cache;
mod sync_status;

pub use ghibli::{ByField, PublicUrl};
pub use middleware::RequestLimits;
