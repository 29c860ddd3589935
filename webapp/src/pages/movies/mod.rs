mod card;
mod list;

pub(crate) use self::list::{list, random};
