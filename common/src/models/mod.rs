//! What a catalogue is made of: items of five kinds, typed, each with the source's own record
//! kept whole beside it, and the changes that turn one version into the next.

mod catalogue;
mod change;
mod changes;
mod finding;
mod item;
mod packed;
mod run;
mod slug;
mod table;

pub use catalogue::{Catalogue, Link, Number};
pub use change::{Change, Counts, FieldChange, changed_fields};
pub use changes::Changes;
pub use finding::{Finding, Problem, Quarantined};
pub use item::{
    Age, Credits, Facts, Id, Item, Kind, Location, Movie, Person, SourceRecord, Species,
    UnknownKind, Vehicle,
};
pub(crate) use packed::Packed;
pub use packed::read_id;
pub use run::{KindStats, MissingItem, Outcome, PhaseTimings, Run};
pub use slug::{Slugs, slug};
