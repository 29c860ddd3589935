//! Where versions of the catalogue are kept, published and followed.
//!
//! The protocol is written once, over the small [`Store`] trait; MongoDB and SQLite implement
//! just that. ARCHITECTURE.md says how it works and why each rule is there.

mod backup;
mod blocking;
mod content;
mod deliveries;
mod events;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod head;
mod instrumented;
mod mongodb;
mod open;
mod part_name;
mod parts;
mod pending_rows;
mod posters;
mod protocol;
mod read;
mod sqlite;
mod store;
mod tables;
mod verify;
mod view;

pub use self::mongodb::setup as mongodb_setup;
pub use backup::{Backup, BackupError, BackupLock, CopyProgress, Replacement};
pub use content::ContentDigest;
pub use deliveries::Delivery;
pub use events::LoggedEvent;
pub use head::{
    Base, Commit, Head, HeadPatch, Header, LastSync, Lease, LeaseDenied, PendingRows, Release,
    SyncEnd,
};
pub use open::{RETENTION, Repository};
pub use part_name::{PartKind, PartName};
pub use parts::Damage;
pub use posters::{Picture, Poster, PosterChanges};
pub use protocol::{
    AcquireError, LeaseGuard, LeaseHandle, LostItems, Origin, Repair, Verification,
};
pub use read::{FollowEvent, Follower, HeadStatus, Snapshot};
pub use store::{
    Access, HeadReading, LEASE_DURATION, OpenError, Overwrite, Result, Row, Store, StoreError,
    Table, ViewDocument,
};
pub use verify::{Defect, VerifyError, VerifyReport};
pub use view::warn_view_is_behind;
