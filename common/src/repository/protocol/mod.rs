//! The protocol of publishing: the lease, publishing under it, repair and verification.

mod lease;
mod publish;
mod repair;
mod rollback;
mod verify;

pub use lease::{AcquireError, LeaseGuard, LeaseHandle};
pub use repair::{LostItems, Origin, Repair};
pub use verify::Verification;
pub(super) use verify::check;
