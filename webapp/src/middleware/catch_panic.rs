use std::{any::Any, panic::AssertUnwindSafe};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use futures::FutureExt as _;
use tokio::time::timeout;

use super::RequestLimits;
use crate::http::AppError;

/// Responds for a handler that panics or exceeds its deadline.
pub(super) async fn catch_panic(
    State(limits): State<RequestLimits>,
    request: Request,
    next: Next,
) -> Result<Response, AppError> {
    let handler = AssertUnwindSafe(next.run(request)).catch_unwind();
    match timeout(limits.handler, handler).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(panic)) => Err(AppError::Internal(anyhow::anyhow!(
            "a handler panicked: {}",
            message(&*panic)
        ))),
        Err(_) => Err(AppError::ResponseTimeout),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
