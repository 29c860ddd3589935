//! The API that is compatible with the Ghibli API, under `/ghibli`.

mod body;
mod kept;
mod records;
#[cfg(test)]
mod tests;

pub(crate) use records::{list, nested, show};
