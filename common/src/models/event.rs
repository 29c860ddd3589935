use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Counts, Outcome};

/// An event in the form that webhooks receive: `{type, timestamp, data}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The fields `type` and `data`.
    #[serde(flatten)]
    pub data: EventData,
    /// When it happened.
    pub timestamp: Timestamp,
}

/// The type of an event and its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum EventData {
    /// A version of the catalogue was published.
    #[serde(rename = "version.published")]
    VersionPublished {
        /// Its number.
        version: u64,
        /// Identifies the database that the version belongs to.
        lineage: String,
        /// Numbers of items.
        changes: Counts,
        /// Why it was published, unless by a plain sync.
        note: Option<String>,
    },
    /// A sync was held for review.
    #[serde(rename = "sync.held")]
    SyncHeld {
        /// Its number in the list of runs.
        run: u64,
        /// The version that stays.
        version: u64,
        /// The settings whose limits it exceeds.
        rules: Vec<String>,
        /// The figures.
        reason: Option<String>,
        /// Numbers of items that it would change.
        changes: Counts,
    },
    /// No sync is held any more: the changes were approved, or the source no longer has them.
    #[serde(rename = "sync.released")]
    SyncReleased {
        /// The number of the run that was not held.
        run: u64,
        /// The version after it.
        version: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// Syncs fail; the last version stays.
    #[serde(rename = "source.unavailable")]
    SourceUnavailable {
        /// The version that stays.
        version: u64,
        /// Why the sync failed.
        reason: Option<String>,
    },
    /// Syncs succeed again.
    #[serde(rename = "source.recovered")]
    SourceRecovered {
        /// The version before any change that the sync found.
        version: u64,
        /// When syncs began to fail.
        #[schemars(with = "String", extend("format" = "date-time"))]
        unavailable_since: Timestamp,
    },
    /// Parts of the published version are lost or damaged in the database.
    #[serde(rename = "store.damaged")]
    StoreDamaged {
        /// The version.
        version: u64,
        /// The names of the parts.
        parts: Vec<String>,
    },
    /// The published version is complete again.
    #[serde(rename = "store.healed")]
    StoreHealed {
        /// The version.
        version: u64,
        /// The names of the parts that were damaged.
        parts: Vec<String>,
    },
    /// Sent by `syncer notify-test`.
    #[serde(rename = "test")]
    Test {},
}

impl EventData {
    /// The value of the field `type`.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::VersionPublished { .. } => "version.published",
            Self::SyncHeld { .. } => "sync.held",
            Self::SyncReleased { .. } => "sync.released",
            Self::SourceUnavailable { .. } => "source.unavailable",
            Self::SourceRecovered { .. } => "source.recovered",
            Self::StoreDamaged { .. } => "store.damaged",
            Self::StoreHealed { .. } => "store.healed",
            Self::Test {} => "test",
        }
    }
}
