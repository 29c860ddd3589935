//! Filters and sort orders of lists of items, on the pages and in the API.

pub(crate) mod filmography;
pub(crate) mod filters;
pub(crate) mod related;
pub(crate) mod sorts;
