#![doc = include_str!("../README.md")]

mod facet_counts;
mod field;
mod filmmaker_names;
#[cfg(test)]
mod filmmaker_tests;
mod filmmakers;
mod history;
mod list_index;
mod numbered_change;
mod order;
mod role;
mod sort;
mod sort_keys;
#[cfg(test)]
mod sort_tests;
#[cfg(test)]
mod tests;
mod value_builder;

pub use self::facet_counts::FacetCounts;
pub use self::field::{Field, credited_names};
pub use self::filmmakers::Filmmaker;
pub use self::history::{DiffError, EncodeEvent, History, Version, backfill};
pub use self::list_index::{Filter, ListIndex};
pub use self::numbered_change::NumberedChange;
pub use self::role::Role;
pub use self::sort::Sort;
