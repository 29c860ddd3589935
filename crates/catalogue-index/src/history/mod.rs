mod backfill;
mod diff;
#[cfg(test)]
mod tests;
mod versions;

pub use self::{
    backfill::backfill,
    diff::DiffError,
    versions::{EncodeEvent, History, Version},
};
