//! The API that speaks as the Ghibli API does, under `/ghibli`.

mod records;
mod written;

pub use records::PublicUrl;
pub(crate) use records::{list, nested, show};
