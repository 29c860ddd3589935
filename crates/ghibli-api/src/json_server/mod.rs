//! The query language of the source's own server, json-server 0.8 behind a front of its own.

mod condition;
mod executor;
mod field_index;
mod field_path;
mod js_value;
mod list_query;
mod params;
mod pattern;
mod render;
mod slice;
mod sort;
mod text_filter;
mod title_index;

pub use self::field_index::{Fields, Said};
pub(crate) use self::list_query::Base;
pub use self::list_query::{BadQuestion, Collected, Question, Selection};
pub use self::title_index::{Names, Title, Titles};
