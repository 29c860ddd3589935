use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use axum::body::Bytes;
use futures::future::poll_fn;
use http::{
    HeaderValue, Request, Response,
    header::{CONNECTION, HeaderName},
};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use tokio::{
    io::{AsyncWriteExt as _, copy, sink},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

/// Names the method and the path that were parsed, on every response.
const PARSED_METHOD: HeaderName = HeaderName::from_static("x-parsed-method");
const PARSED_PATH: HeaderName = HeaderName::from_static("x-parsed-path");

/// How long the rest of a client's bytes is read and discarded before a connection is closed.
/// Closing with unread bytes would reset it, and the client could lose the last responses.
const LINGER: Duration = Duration::from_secs(1);

/// A plain hyper server: each response names the request that hyper parsed. It closes the
/// connection after a request with a body, and has no deadlines for requests.
#[derive(Debug)]
pub struct ReferenceServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl ReferenceServer {
    /// Starts one with limits on the bytes and fields of a header.
    ///
    /// # Errors
    /// Without a free port.
    pub async fn start(max_header_bytes: usize, max_headers: usize) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut builder = http1::Builder::new();
        builder
            .half_close(true)
            .header_read_timeout(None)
            .max_headers(max_headers)
            .max_buf_size(max_header_bytes);
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    continue;
                };
                let respond = service_fn(|request| Box::pin(respond(request)));
                let mut connection = builder.serve_connection(TokioIo::new(stream), respond);
                tokio::spawn(async move {
                    // A request that cannot be parsed is an error; the client sees the end.
                    let _ = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
                    close(connection.into_parts().io.into_inner()).await;
                });
            }
        });
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ReferenceServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The method and the path of the request that a response of a [`ReferenceServer`] answers; none
/// for hyper's own refusal.
pub(super) fn parsed(response: &super::RawResponse) -> Option<(&str, &str)> {
    let method = response.header(PARSED_METHOD.as_str())?;
    Some((method, response.header(PARSED_PATH.as_str())?))
}

async fn close(mut stream: TcpStream) {
    // Errors mean that the connection has ended.
    if stream.shutdown().await.is_ok() {
        let _ = timeout(LINGER, copy(&mut stream, &mut sink())).await;
    }
}

async fn respond(request: Request<Incoming>) -> Result<Response<axum::body::Body>, Infallible> {
    let (head, mut body) = request.into_parts();
    let has_body = !body.is_end_stream();
    while let Some(Ok(_)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {}

    let mut response = Response::new(axum::body::Body::from(Bytes::from_static(b"parsed")));
    let headers = response.headers_mut();
    for (name, value) in [
        (PARSED_METHOD, head.method.as_str()),
        (PARSED_PATH, head.uri.path()),
    ] {
        let value = HeaderValue::from_bytes(value.as_bytes());
        headers.insert(
            name,
            value.unwrap_or_else(|_| HeaderValue::from_static("unprintable")),
        );
    }
    if has_body {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}
