//! The API that speaks as the Ghibli API does, under `/ghibli`.

mod records;

pub use records::PublicUrl;
pub(crate) use records::{list, show};
