//! Where versions of the catalogue are kept, published and followed.
//!
//! The protocol is written once, over the small [`Store`] trait; MongoDB and SQLite implement
//! just that. ARCHITECTURE.md says how it works and why each rule is there.

mod blocking;
mod content;
mod deliveries;
mod events;
mod head;
mod mongodb;
mod open;
mod parts;
mod protocol;
mod read;
mod sqlite;
mod store;
mod tables;
mod view;

pub use self::mongodb::setup as mongodb_setup;
pub use content::ContentDigest;
pub use deliveries::Delivery;
pub use events::LoggedEvent;
pub use head::{
    Base, Commit, Head, HeadPatch, Header, LastSync, Lease, LeaseDenied, Release, SyncEnd,
};
pub use open::{RETENTION, Repository};
pub use parts::Damage;
pub use protocol::{
    AcquireError, LeaseGuard, LeaseHandle, LostItems, Origin, Repair, Verification,
};
pub use read::{FollowEvent, Follower, HeadStatus, Snapshot};
pub use store::{
    Access, LEASE, OpenError, Overwrite, PartKind, PartName, Reading, Result, Row, Store,
    StoreError, Table, ViewDocument,
};
