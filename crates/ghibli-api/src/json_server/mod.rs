//! The query language of the source's server: json-server 0.8 behind a proxy with parameters of
//! its own.
//!
//! A [`ListQuery`] is parsed from a query string and runs on stored records. The rules are the
//! server's, odd ones included: a value that looks like a number is a number, and then equal to
//! no text; repeated parameters are alternatives; a condition on a field that no record has is
//! ignored; `limit` and `fields` apply last. A query on which that server fails is a
//! [`ListQueryError`].

mod base_url;
mod condition;
mod error;
mod executor;
mod field_index;
mod field_path;
mod js_value;
mod list_query;
mod params;
mod pattern;
mod record_collection;
mod render;
mod slice;
mod sort;
mod text_filter;
mod title_index;

pub use self::error::ListQueryError;
pub use self::field_index::{FieldIndex, RecordFields};
pub use self::list_query::ListQuery;
pub use self::record_collection::{RecordCollection, Selection};
pub use self::title_index::{SourceTitle, TitleIndex, TitleOverrides};

#[cfg(test)]
mod tests;
