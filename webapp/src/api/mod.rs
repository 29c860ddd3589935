//! PyFlix's own API, under `/api/v1`.

pub(crate) mod movies;
