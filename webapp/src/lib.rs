#![doc = include_str!("../README.md")]

pub mod cli;
pub mod run;

mod api;
mod app_state;
mod art;
mod as_of;
mod assets;
mod events;
mod feed;
#[cfg(test)]
mod fixture;
mod ghibli;
mod http;
mod images;
mod lists;
mod metrics;
mod middleware;
mod pages;
mod response_cache;
mod robots;
mod routes;
mod state;
mod wording;
