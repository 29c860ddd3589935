#![doc = include_str!("../README.md")]
//!
//! Most items are in one large immutable segment, built from the whole catalogue. A version's
//! changes make a small segment beside it, and outdated documents are marked as deleted. Small
//! segments are merged as they grow, and after many changes the catalogue is indexed again.
//!
//! A segment numbers its documents in rank order, so the first bits of a set of documents are the
//! best hits. It has a front-coded dictionary of terms with delta-coded postings for each, and a
//! dictionary of whole names.

mod analysis;
mod field_matches;
mod find;
mod full_build;
mod fuzzy;
mod index_builder;
mod layer_query;
mod name_list;
mod parsed_query;
mod postings;
#[cfg(test)]
mod properties;
mod results;
mod search_index;
mod segment;
#[cfg(test)]
mod spelling_tests;
mod term_dictionary;
#[cfg(test)]
mod tests;
mod varint;

pub use self::{
    results::{Completion, FieldMatch, Hit, MAX_OFFSET, SearchField, SearchQuery, SearchResults},
    search_index::SearchIndex,
};
