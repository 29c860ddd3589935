//! The list and item pages that all kinds share.

mod details;
mod history;
mod list;
mod show;

pub(crate) use self::list::list;
pub(crate) use self::show::show;
