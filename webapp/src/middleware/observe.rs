use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderName, HeaderValue};
use tokio::time::Instant;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names a request in the answer and in the log. Ours alone: one sent by a client is not read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId(u64);

impl RequestId {
    /// Counts on from a random start, so that two processes or two runs do not share ids.
    pub(crate) fn next() -> Self {
        static COUNTER: LazyLock<AtomicU64> =
            LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(())));
        Self(COUNTER.fetch_add(1, Ordering::Relaxed))
    }

    /// As it stands in a header: sixteen hexadecimal digits.
    pub(crate) fn digits(self) -> [u8; 16] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 16];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0.to_be_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        digits
    }

    pub(crate) fn value(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.digits()).unwrap_or_else(|_| HeaderValue::from_static("0"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Names the request, and writes one line about it.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::next();
    let method = request.method().clone();
    let uri = request.uri().clone();
    request.extensions_mut().insert(id);

    let mut response = next.run(request).await;

    tracing::debug!(
        request_id = %id,
        %method,
        path = uri.path(),
        status = response.status().as_u16(),
        microseconds = started.elapsed().as_micros(),
        "answered"
    );
    response.headers_mut().insert(X_REQUEST_ID, id.value());
    response
}
