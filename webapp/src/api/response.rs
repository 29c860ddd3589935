use serde::Serialize;

use super::paging::{PageInfo, PagedList};
use crate::http::AppError;

/// The response of an operation.
#[derive(Debug)]
pub(super) struct ApiResponse {
    pub(super) json: Vec<u8>,
    /// For the `Link` header.
    pub(super) page: Option<PageInfo>,
    /// Whether it depends on more than the catalogue's version.
    pub(super) no_store: bool,
}

impl ApiResponse {
    pub(super) fn new(body: &impl Serialize) -> Result<Self, AppError> {
        let json = serde_json::to_vec(body).map_err(|error| AppError::Internal(error.into()))?;
        Ok(Self {
            json,
            page: None,
            no_store: false,
        })
    }

    pub(super) fn list(list: &PagedList<impl Serialize>) -> Result<Self, AppError> {
        Ok(Self::new(list)?.with_page(list.page))
    }

    pub(super) fn with_page(self, page: PageInfo) -> Self {
        Self {
            page: Some(page),
            ..self
        }
    }

    pub(super) fn no_store(self) -> Self {
        Self {
            no_store: true,
            ..self
        }
    }
}
