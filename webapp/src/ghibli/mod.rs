//! The API that speaks as the Ghibli API does, under `/ghibli`.

mod body;
mod host;
mod records;

pub use host::PublicUrl;
pub(crate) use records::{list, nested, show};
