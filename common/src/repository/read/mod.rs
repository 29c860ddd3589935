//! Reading published versions: load a state, follow every later one, rewind to an earlier one.

mod follow;
pub(super) mod load;
pub(super) mod rewind;

pub use follow::{FollowEvent, Follower, HeadStatus};
pub use load::Snapshot;
