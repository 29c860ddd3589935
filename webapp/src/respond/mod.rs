//! How an answer is said: its encodings, its tags, and whether it needs to be said again.

mod compress;
mod conditions;
mod negotiate;
mod representation;
mod streamed;

pub(crate) use self::conditions::{any_names, values};
pub use self::{
    conditions::Conditions,
    negotiate::{Accepted, Coding},
    representation::Representation,
    streamed::Streamed,
};

/// A page.
pub const HTML: &str = "text/html; charset=utf-8";
/// A stylesheet.
pub const CSS: &str = "text/css; charset=utf-8";
/// A script, or an answer in the form of one.
pub const JS: &str = "text/javascript; charset=utf-8";
/// A drawing.
pub const SVG: &str = "image/svg+xml";
/// A feed (RFC 4287).
pub const ATOM: &str = "application/atom+xml";
/// An API's answer.
pub const JSON: &str = "application/json";
/// An answer of the compatible API, with the type that the source's own server gives.
pub const JSON_UTF8: &str = "application/json; charset=utf-8";
/// An API's error (RFC 9457).
pub const PROBLEM: &str = "application/problem+json";
