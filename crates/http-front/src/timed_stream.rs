use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};

use crate::{ServerStats, activity::Activity, lazy_timer::LazyTimer};

/// How long a refused client is read from after the response. Closing with unread bytes would
/// reset the connection, and the client could lose the response.
const LINGER: Duration = Duration::from_secs(1);

/// A TCP stream that reports to its connection's [`Activity`], and fails with `TimedOut` when its
/// client stalls while reading.
pub(crate) struct TimedStream {
    inner: TcpStream,
    activity: Arc<Activity>,
    /// Without progress of a write.
    write_stall: Duration,
    linger_timer: LazyTimer,
    write_timer: LazyTimer,
    write_stalled: Option<Instant>,
    lingering: Option<Instant>,
    stats: Arc<ServerStats>,
}

impl TimedStream {
    pub(crate) fn new(
        inner: TcpStream,
        activity: Arc<Activity>,
        write_stall: Duration,
        stats: Arc<ServerStats>,
    ) -> Self {
        Self {
            inner,
            activity,
            write_stall,
            linger_timer: LazyTimer::default(),
            write_timer: LazyTimer::default(),
            write_stalled: None,
            lingering: None,
            stats,
        }
    }

    /// Fails once the client has ended its sending side, if the response lasts until then. hyper
    /// does not read while it sends, so it would notice only at a failed write.
    fn watch_end(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if !self.activity.is_until_closed() {
            return Ok(());
        }
        let mut byte = [0];
        match self.inner.poll_peek(cx, &mut ReadBuf::new(&mut byte)) {
            Poll::Ready(Ok(0)) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Ready(Err(error)) => Err(error),
            // With more bytes before it the end cannot be seen.
            Poll::Ready(Ok(_)) | Poll::Pending => Ok(()),
        }
    }

    /// Counts the bytes of a write, and bounds its time without progress.
    fn written(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            if let Ok(bytes) = &written {
                self.stats.sent_bytes.add(*bytes);
            }
            self.write_stalled = None;
            return Poll::Ready(written);
        }
        let stalled = *self.write_stalled.get_or_insert_with(Instant::now);
        ready!(self.write_timer.poll_until(cx, stalled + self.write_stall));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Reads and discards until the client has ended too, or for [`LINGER`].
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let until = *self
            .lingering
            .get_or_insert_with(|| Instant::now() + LINGER);
        let mut discarded = [0; 4096];
        loop {
            let mut buf = ReadBuf::new(&mut discarded);
            match Pin::new(&mut self.inner).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() && Instant::now() < until => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.linger_timer.poll_until(cx, until),
            }
        }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.activity.reads_end() {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        let received = &buf.filled()[before..];
        if !received.is_empty() {
            self.stats.received_bytes.add(received.len());
            self.activity.received(received);
        }
        read
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        self.activity.flushed();
        self.watch_end(cx)?;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
            if !self.activity.is_receiving() {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_linger(cx).map(Ok)
    }
}
