//! The web app: pages for people, APIs for programs, from a catalogue in memory. It only reads.

pub mod cli;
pub mod history;
pub mod index;
pub mod run;
pub mod search;
mod wording;

mod api;
mod app_state;
mod art;
mod assets;
mod events;
mod feed;
mod ghibli;
mod http;
mod middleware;
mod pages;
mod response_cache;
mod routes;
mod state;
