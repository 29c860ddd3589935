use common::repository::StoreError;
use ghibli_api::{Collection, FetchError, MAX_BAD_RECORDS};

/// Why a sync failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SyncError {
    #[error("{}", one_line(.0))]
    Source(FetchError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("cannot compare the source’s response: {0}")]
    Compare(String),
    #[error("unexpected 304 from the source: the request was not conditional")]
    UnexpectedNotModified,
    #[error("stopped before the source responded")]
    Stopped,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why no plan can be made from the source's response.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanError {
    /// A collection has more unreadable records than the quarantine takes.
    #[error("more than {MAX_BAD_RECORDS} records in {0} cannot be read")]
    TooManyBadRecords(Collection),
    #[error(
        "the source’s data and the pending changes need more than {limit} bytes of memory; \
         if that is expected, raise PYFLIX_PROVIDER_MAX_BYTES"
    )]
    TooLarge { limit: u64 },
}

// No `#[from]`, which would make it the `source()`: its text is already in the message.
impl From<FetchError> for SyncError {
    fn from(error: FetchError) -> Self {
        Self::Source(error)
    }
}

fn one_line(error: &FetchError) -> String {
    error.to_string().replace('\n', "; ")
}
