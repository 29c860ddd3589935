#![doc = include_str!("../README.md")]

mod client;
mod json_server;
mod wire;

pub use client::{
    Client, ClientConfig, ClientError, FetchError, FetchOutcome, FetchedContent, Progress,
    ProviderFailure, RequestError, RequestResult, SourceFingerprint, Timeouts, causes, retry_after,
};
pub use json_server::{
    FieldIndex, ListQuery, ListQueryError, RecordCollection, RecordFields, Selection, SourceTitle,
    TitleIndex, TitleOverrides,
};
pub use wire::{
    BadRecord, Collection, Film, LinkValue, LinkedId, Links, ListError, Location, MAX_BAD_RECORDS,
    Person, Record, RecordError, RecordWarning, Records, Species, UnknownCollection, Vehicle,
    canonical_id, first_blanked_field, to_source_json,
};
