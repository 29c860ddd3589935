//! A connection whose end is visible, unlike that of a client with a pool.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Maximum time for one response; longer than the proxy retries.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A kept-alive connection.
pub(super) struct Connection(SendRequest<Empty<Bytes>>);

/// A response.
pub(super) struct CatalogueResponse {
    pub(super) status: u16,
    /// `X-Catalogue-Version`.
    pub(super) version: Option<u64>,
    pub(super) body: Bytes,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = timeout(TIMEOUT, TcpStream::connect(address)).await??;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a GET request.
    ///
    /// # Errors
    /// Without a complete response; the connection has ended then.
    pub(super) async fn get(&mut self, path: &str) -> io::Result<CatalogueResponse> {
        timeout(TIMEOUT, self.exchange(path)).await?
    }

    async fn exchange(&mut self, path: &str) -> io::Result<CatalogueResponse> {
        self.0.ready().await.map_err(io::Error::other)?;
        let request = Request::get(path).header("host", "cluster");
        let request = request.body(Empty::new()).map_err(io::Error::other)?;
        let response = self.0.send_request(request).await;
        let (head, body) = response.map_err(io::Error::other)?.into_parts();
        let version = head.headers.get("x-catalogue-version");
        let version = version.and_then(|version| version.to_str().ok()?.parse().ok());
        let body = body.collect().await.map_err(io::Error::other)?;
        Ok(CatalogueResponse {
            status: head.status.as_u16(),
            version,
            body: body.to_bytes(),
        })
    }
}
