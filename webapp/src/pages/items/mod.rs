//! The lists and pages that all kinds have in common.

mod details;
mod history;
mod list;
mod show;

pub(crate) use self::list::list;
pub(crate) use self::show::show;
