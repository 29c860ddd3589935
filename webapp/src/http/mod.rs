//! HTTP in handlers and layers: errors, media types, the request's host, path and
//! query, its id, and a queue for costly work. Independent of the catalogue.

mod accept;
pub(crate) mod blocking;
pub(crate) mod content;
pub(crate) mod cors;
pub(crate) mod error;
mod forwarded;
pub(crate) mod host;
pub(crate) mod path;
mod problem;
mod public_url;
pub(crate) mod query;
mod request_id;
mod trace_context;
mod vary;

pub(crate) use self::accept::accepts_only_json;
pub(crate) use self::error::AppError;
pub(crate) use self::forwarded::FORWARDED;
pub(crate) use self::problem::ProblemDetails;
pub(crate) use self::public_url::{KnownLinkKey, LinkKey, Links, PublicUrl, prefix, with_prefix};
pub(crate) use self::request_id::{RequestId, X_REQUEST_ID};
pub(crate) use self::trace_context::trace_id;
pub(crate) use self::vary::add_vary;
