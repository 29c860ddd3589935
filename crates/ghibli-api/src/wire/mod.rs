//! Records as the source gives them: read leniently, kept whole, given back exactly.

mod array_reader;
mod collection;
mod compressed_records;
mod error;
mod field_reader;
mod json;
mod kinds;
pub(crate) mod link;
mod links;
mod record;
mod records;
mod spooled_body;

pub use self::collection::{Collection, UnknownCollection};
pub(crate) use self::compressed_records::Budget;
pub use self::error::{BadRecord, Note, RecordError};
pub use self::kinds::{Film, Location, Person, Species, Vehicle};
pub use self::links::Links;
pub(crate) use self::record::given_back;
pub use self::record::{MAX_RECORD_BYTES, Record, blanked, give_back};
pub(crate) use self::records::List;
pub use self::records::{ListError, MAX_BAD_RECORDS, Records};
pub(crate) use self::spooled_body::Unread;
