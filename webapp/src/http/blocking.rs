//! Costly requests run on blocking threads, a few at a time, so that the async workers stay free.

use std::sync::LazyLock;
use std::thread::available_parallelism;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http_content::{Representation, RequestConditions};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::error::AppError;

/// How long a request waits in a queue.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Requests of at most some tens of milliseconds each, on half of the cores.
pub(crate) static SHORT: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = available_parallelism().map_or(1, usize::from);
    Semaphore::new((cores / 2).max(1))
});
/// Scans of a large collection, one at a time.
pub(crate) static LONG: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(1));

/// Runs the handler of a request with a query as [`SHORT`] work. Without a query, a response is
/// cheap to make.
pub(crate) async fn run_queries(request: Request, next: Next) -> Result<Response, AppError> {
    if request.uri().query().is_none() {
        return Ok(next.run(request).await);
    }
    let conditions = RequestConditions::of(request.method(), request.headers());
    run_blocking(&SHORT, move || {
        let response = Handle::current().block_on(next.run(request));
        encode(&response, &conditions);
        response
    })
    .await
}

/// Runs work on a blocking thread once the queue has a permit. The permit is held until the work
/// ends, even if the client has disconnected; a client that disconnects while it waits leaves the
/// queue.
///
/// # Errors
/// [`AppError::Busy`] after [`WAIT_TIMEOUT`] in the queue.
pub(crate) async fn run_blocking<T: Send + 'static>(
    queue: &'static Semaphore,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AppError> {
    let permit = acquire(queue, 1).await?;
    let work = move || {
        let _permit = permit;
        work()
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| AppError::Internal(error.into()))
}

/// Waits in a queue for permits.
///
/// # Errors
/// [`AppError::Busy`] after [`WAIT_TIMEOUT`].
pub(crate) async fn acquire(
    queue: &'static Semaphore,
    permits: u32,
) -> Result<SemaphorePermit<'static>, AppError> {
    match timeout(WAIT_TIMEOUT, queue.acquire_many(permits)).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) | Err(_) => Err(AppError::Busy),
    }
}

/// Encodes a response on this blocking thread; the representation keeps it for when it is sent.
pub(crate) fn encode(response: &Response, conditions: &RequestConditions) {
    if let Some(representation) = response.extensions().get::<Representation>() {
        // An error comes again when it is sent.
        drop(Handle::current().block_on(representation.respond(conditions)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use axum::body::Body;
    use axum::routing::get;
    use axum::{Router, middleware::from_fn};
    use http::StatusCode;
    use tokio::sync::Notify;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_waits_too_long_in_the_queue_is_refused() {
        static QUEUE: Semaphore = Semaphore::const_new(1);
        let permit = QUEUE.acquire().await.unwrap();
        let refused = run_blocking(&QUEUE, || 1).await;
        assert!(matches!(refused, Err(AppError::Busy)), "{refused:?}");
        assert_eq!(AppError::Busy.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(permit);
        assert_eq!(run_blocking(&QUEUE, || 1).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn work_keeps_its_permit_when_its_request_is_aborted() {
        static QUEUE: Semaphore = Semaphore::const_new(1);
        let started = Arc::new(Notify::new());
        let (end, ended) = channel::<()>();
        let request = {
            let started = started.clone();
            tokio::spawn(run_blocking(&QUEUE, move || {
                started.notify_one();
                ended.recv().unwrap_err();
            }))
        };
        started.notified().await;
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        assert!(QUEUE.try_acquire().is_err(), "the work goes on");
        drop(end);
        drop(QUEUE.acquire().await.unwrap());
    }

    #[tokio::test]
    async fn only_a_request_with_a_query_leaves_the_async_worker() {
        let thread = async || std::thread::current().name().unwrap_or_default().to_owned();
        let router: Router = Router::new()
            .route("/", get(thread))
            .route_layer(from_fn(run_queries));
        let get_thread = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let body = axum::body::to_bytes(response.into_body(), 1024).await;
            String::from_utf8(body.unwrap().to_vec()).unwrap()
        };
        let here = thread().await;
        assert_eq!(get_thread("/").await, here);
        assert_ne!(get_thread("/?page=2").await, here);
    }
}
