//! HTTP/1 over raw TCP connections: any bytes out, in any pieces, and the responses to them.

pub mod mutations;
mod peer;
mod reference;
mod response;

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::yield_now,
    time::{Instant, sleep, timeout_at},
};

use self::peer::PeerSocket;
pub use self::{
    reference::ReferenceServer,
    response::{RawResponse, Responses},
};

/// How long a piece waits for the server to have read the one before it. A server that is busy
/// with a request, or has stopped reading, gets the next piece after that.
const READ_TIMEOUT: Duration = Duration::from_millis(250);
/// Between two checks of the server's unread bytes.
const PAUSE: Duration = Duration::from_millis(1);

/// A client connection without Nagle's algorithm.
///
/// A server may close a connection while the client still sends. That is no error: the bytes received
/// before count, and [`Self::is_closed`] reports the end.
#[derive(Debug)]
pub struct RawConnection {
    stream: TcpStream,
    peer: PeerSocket,
    received: Vec<u8>,
    is_closed: bool,
}

impl RawConnection {
    /// Connects to a server on this machine.
    ///
    /// # Errors
    /// When nothing accepts the connection.
    pub async fn open(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            peer: PeerSocket::of(&stream)?,
            stream,
            received: Vec::new(),
            is_closed: false,
        })
    }

    /// Sends bytes in one write.
    pub async fn send(&mut self, bytes: &[u8]) {
        if self.stream.write_all(bytes).await.is_err() {
            self.is_closed = true;
        }
    }

    /// Sends pieces that arrive separately: each after the server has read the previous one.
    pub async fn send_pieces<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>) {
        for piece in pieces {
            self.send(piece).await;
            self.wait_until_read().await;
        }
    }

    /// Waits until the server has read all that was sent, for 250 ms at most.
    pub async fn wait_until_read(&self) {
        let end = Instant::now() + READ_TIMEOUT;
        let mut attempts = 0;
        while self.peer.has_unread_bytes() && Instant::now() < end {
            attempts += 1;
            if attempts < 20 {
                yield_now().await;
            } else {
                sleep(PAUSE).await;
            }
        }
    }

    /// Closes the sending side; responses can still be received.
    pub async fn finish_sending(&mut self) {
        // An error means that the connection has ended.
        let _ = self.stream.shutdown().await;
    }

    /// Receives until `is_enough`, or until the server closes the connection.
    ///
    /// # Errors
    /// When neither has happened by the deadline.
    pub async fn receive_until(
        &mut self,
        deadline: Instant,
        mut is_enough: impl FnMut(&[u8]) -> bool,
    ) -> io::Result<()> {
        while !is_enough(&self.received) {
            let read = timeout_at(deadline, self.stream.read_buf(&mut self.received)).await;
            match read.map_err(|_| io::Error::from(ErrorKind::TimedOut))? {
                Ok(0) | Err(_) => {
                    self.is_closed = true;
                    return Ok(());
                }
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// Receives until the server closes the connection.
    ///
    /// # Errors
    /// When it has not by the deadline.
    pub async fn receive_all(&mut self, deadline: Instant) -> io::Result<()> {
        self.receive_until(deadline, |_| false).await
    }

    /// All that has been received.
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// Whether the server has closed the connection.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }
}

/// Cuts bytes at the given places.
pub fn cut<'a>(bytes: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::with_capacity(places.len() + 1);
    let mut start = 0;
    for &place in places.iter().chain([&bytes.len()]) {
        let place = place.min(bytes.len());
        if place > start {
            pieces.push(&bytes[start..place]);
            start = place;
        }
    }
    pieces
}
