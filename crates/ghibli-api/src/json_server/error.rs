/// Why a query is rejected; the message says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ListQueryError(String);

impl ListQueryError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
