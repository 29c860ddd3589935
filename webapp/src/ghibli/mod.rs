//! The API that is compatible with the Ghibli API, under `/ghibli`.

mod handlers;
mod kind_records;
mod response;
#[cfg(test)]
mod tests;

pub(crate) use handlers::{index, list, nested, show};
