//! The page of an item.

mod history;
mod show;
mod told;

pub(crate) use self::show::show;
