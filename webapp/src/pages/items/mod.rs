//! The lists and pages that all kinds have in common.

mod history;
mod list;
mod show;
mod told;

pub(crate) use self::list::list;
pub(crate) use self::show::show;
