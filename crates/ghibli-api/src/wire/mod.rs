//! The wire format: collections, records and links. Reading is lenient; what was read can be
//! returned exactly.

mod array_reader;
mod collection;
mod compressed_records;
mod error;
mod field_reader;
mod id;
pub(crate) mod json;
mod kinds;
pub(crate) mod link;
mod links;
mod memory_budget;
mod record;
mod records;
mod spooled_body;

pub use self::collection::{Collection, UnknownCollection};
pub use self::error::{BadRecord, ListError, MAX_BAD_RECORDS, RecordError, RecordWarning};
pub use self::id::canonical_id;
pub use self::kinds::{Film, Location, Person, Species, Vehicle};
pub use self::links::{LinkValue, LinkedId, Links};
pub(crate) use self::memory_budget::MemoryBudget;
pub use self::record::{Record, first_blanked_field, to_source_json};
pub use self::records::Records;
pub(crate) use self::records::RecordsBuilder;
pub(crate) use self::spooled_body::SpooledBody;

#[cfg(test)]
mod tests;
