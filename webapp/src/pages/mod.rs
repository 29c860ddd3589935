//! The pages: each handler beside the template that it fills.

pub(crate) mod about;
pub(crate) mod changes;
mod error;
mod facets;
mod frame;
pub(crate) mod home;
pub(crate) mod items;
pub(crate) mod movies;
pub(crate) mod search;
pub(crate) mod status;
#[cfg(test)]
mod tests;
mod tile;
mod view;

pub(crate) use self::error::ErrorPage;
