mod backfill;
mod diff;
mod kept;
#[cfg(test)]
mod tests;

pub use self::{
    backfill::backfill,
    diff::DiffError,
    kept::{EncodeEvent, History, Version},
};
