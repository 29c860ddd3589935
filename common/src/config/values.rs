//! Types of the settings' values.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::{SecretSlice, SecretString};
use url::Url;

/// The limits, per kind, above which the fuse holds a sync. Shares are of the published items;
/// that of `unreadable` is of the received records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuseLimits {
    /// Whether a response may have no records of a kind with published items (`fuse_empty`).
    pub may_be_empty: bool,
    /// The share in percent that may be missing or changed beyond recognition, if that is more
    /// than 3 items (`fuse_lost`).
    pub lost_percent: u8,
    /// The share in percent that may lose a value (`fuse_blanked`).
    pub blanked_percent: u8,
    /// The share in percent that may be unreadable (`fuse_unreadable`).
    pub unreadable_percent: u8,
    /// Number of records that may repeat an id (`fuse_duplicates`).
    pub duplicates: u64,
}

impl Default for FuseLimits {
    fn default() -> Self {
        Self {
            may_be_empty: false,
            lost_percent: 20,
            blanked_percent: 10,
            unreadable_percent: 20,
            duplicates: 0,
        }
    }
}

/// The two kinds of store.
#[derive(Clone, Debug)]
pub enum Database {
    /// The embedded store in this file.
    Sqlite(PathBuf),
    /// A MongoDB by its connection string, which may hold a password.
    MongoDb(SecretString),
}

/// A URL that events are posted to.
#[derive(Clone)]
pub struct Webhook {
    /// The URL, which may contain a password.
    pub url: Url,
    /// The key of the signatures.
    pub secret: SecretSlice<u8>,
}

impl Webhook {
    /// Its host: the name of the webhook in logs.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({})", self.host())
    }
}

/// Whether and from where movies' posters are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosterSettings {
    /// Whether they are fetched and shown.
    pub is_enabled: bool,
    /// The only hosts that they are fetched from.
    pub hosts: Vec<PosterHost>,
    /// Maximum size of the pictures that a web app keeps in memory, in bytes.
    pub cache_bytes: u64,
}

/// A host that posters may be fetched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PosterHost {
    /// A host by its name in lower case, over HTTPS; its addresses must be public.
    Name {
        /// The name.
        name: String,
        /// The port.
        port: u16,
    },
    /// This address with this port, over HTTP or HTTPS, whether it is public or not.
    Address(SocketAddr),
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For programs: a JSON object a line.
    Json,
}
