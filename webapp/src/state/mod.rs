//! The state that responses are made from: one version of the catalogue in memory, its indexes and
//! history, and the sync status. A new version replaces all of it at once.
//!
//! On syncs there are three values: `HeadStatus` is read from the head with each version (last sync,
//! pin, approval), [`SyncStatus`] is read from the tables (runs, missing items, quarantine, findings),
//! and [`site_status::SiteStatus`] is computed from both and the time: the conditions that hold.

mod as_of;
mod follower;
mod indexes;
mod lookup;
mod poster_index;
mod record_index;
mod site;
mod site_status;
mod sync_status;
mod version_cache;

pub(crate) use self::as_of::{acquire_slots, as_of};

pub(crate) use self::follower::{FollowerSettings, follow};
#[cfg(test)]
pub(crate) use self::indexes::Indexes;
pub(crate) use self::lookup::{find, get};
pub(crate) use self::poster_index::PosterIndex;
#[cfg(test)]
pub(crate) use self::record_index::RecordIndex;
pub(crate) use self::record_index::kind_of;
pub(crate) use self::site::{CurrentSite, Site};
pub(crate) use self::site_status::Freshness;
pub(crate) use self::sync_status::{RECENT_PERIOD, SyncStatus};
