use crate::Records;
use crate::wire::Unread;

/// The body of a response.
pub(super) enum Body {
    Text(String),
    /// A large one as it came.
    Kept(Unread),
    /// A large one.
    Read(Records),
    /// A large one that was only to be named.
    Named,
}
