use common::repository::StoreError;
use ghibli_api::FetchError;

use crate::pipeline::parse::Refused;

/// Why a sync failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SyncError {
    #[error("{}", one_line(.0))]
    Source(#[from] FetchError),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("cannot compare the source’s response: {0}")]
    Compare(String),
    #[error("unexpected 304 from the source: the request was not conditional")]
    NothingNew,
    #[error("stopped before the source responded")]
    Stopped,
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn one_line(error: &FetchError) -> String {
    error.to_string().replace('\n', "; ")
}
