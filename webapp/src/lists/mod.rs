//! What the lists of items can be filtered and sorted by, on the pages and in the API.

pub(crate) mod filmography;
pub(crate) mod filters;
pub(crate) mod related;
pub(crate) mod sorts;
