//! The models: items of five kinds with typed facts and the complete record of the source, the
//! catalogue of them, changes between versions, findings, runs and events.

mod catalogue;
mod change;
mod changes;
mod event;
mod finding;
mod hash_table;
mod held_change;
mod item;
mod kind;
mod link;
mod packed;
mod run;
mod slug;
mod source_record;
mod sync_state;

pub use catalogue::Catalogue;
pub use change::{Change, ChangeType, Counts, FieldChange, changed_fields};
pub use changes::Changes;
pub use event::{Event, EventData};
pub use finding::{Finding, Problem, QuarantinedRecord};
pub use held_change::HeldChange;
pub use item::{Age, Credits, Facts, Item, Location, Movie, Person, Species, Vehicle};
pub use kind::{Id, Kind, Number, UnknownKind};
pub use link::Link;
pub(crate) use packed::PackedItem;
pub use packed::decode_id;
pub use run::{KindStats, MissingItem, Outcome, PhaseTimings, Run, RunSettings, overdue_after};
pub use slug::{Slugs, slug};
pub use source_record::SourceRecord;
pub use sync_state::{Conditions, SyncState};
