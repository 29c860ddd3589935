//! The page of an item.

mod details;
mod elsewhere;
mod show;

pub(crate) use self::show::show;
