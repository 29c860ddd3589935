//! The web app: pages for people, APIs for programs, from a catalogue in memory. It only reads.

pub mod cli;
pub mod run;

mod api;
mod app_state;
mod art;
mod assets;
mod events;
mod feed;
#[cfg(test)]
mod fixture;
mod ghibli;
mod http;
mod lists;
mod middleware;
mod pages;
mod response_cache;
mod routes;
mod state;
mod wording;
