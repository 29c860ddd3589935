//! Where versions of the catalogue are kept, published and followed.

mod head;
mod mongodb;
mod sqlite;
mod store;

pub use head::{Amendment, Base, Commit, Head, Header, Lease, Ran, Refusal, Release, SyncEnd};
pub use store::{
    LEASE, PartName, Reading, Result, Role, Row, Store, StoreError, Table, ViewDocument,
};
