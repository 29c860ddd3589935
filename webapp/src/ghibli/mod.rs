//! The API that speaks as the Ghibli API does, under `/ghibli`.

mod body;
mod by_field;
mod host;
mod kept;
mod records;
#[cfg(test)]
mod tests;

pub use by_field::ByField;
pub use host::PublicUrl;
pub(crate) use records::{list, nested, show};
