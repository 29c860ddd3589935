#![doc = include_str!("../README.md")]

mod cache;
mod cached_response;
mod compress;
mod conditions;
mod encoding;
mod etag;
mod representation;
mod streamed;

pub use self::{
    cache::{RequestedResponse, ResponseCache},
    cached_response::CachedResponse,
    conditions::RequestConditions,
    encoding::{AcceptedEncodings, Encoding},
    representation::Representation,
    streamed::StreamedText,
};

/// Why content cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The client refuses every encoding, identity included.
    #[error("Accept-Encoding refuses identity, gzip, br and zstd")]
    NotAcceptable,
    /// Compression failed.
    #[error("cannot encode a response as {encoding:?}")]
    Failed {
        /// The encoding that was chosen.
        encoding: Encoding,
        /// The cause.
        source: std::io::Error,
    },
}
