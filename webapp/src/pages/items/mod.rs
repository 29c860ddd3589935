//! The page of an item.

mod details;
mod history;
mod show;

pub(crate) use self::show::show;
