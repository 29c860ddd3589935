//! The Studio Ghibli API, and the only place that knows its wire shape.
//!
//! [`Record`] reads one record, leniently, and keeps it whole; [`give_back`] returns it as the
//! source gave it. [`Client`] brings the five collections from the first provider that can give
//! all of them.

mod client;
mod json_server;
mod wire;

pub use client::{
    Client, ClientConfig, ClientError, Content, FetchError, Fetched, Progress, ProviderFailure,
    RequestError, Tags, Timeouts,
};
pub use json_server::{
    BadQuestion, Collected, Fields, Names, Question, Said, Selection, Title, Titles,
};
pub use wire::{
    BadRecord, Collection, Film, Links, ListError, Location, MAX_BAD_RECORDS, MAX_RECORD_BYTES,
    Note, Person, Record, RecordError, Records, Species, UnknownCollection, Vehicle, blanked,
    give_back,
};
