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
    time::{Instant, Sleep, sleep_until},
};

use super::{activity::Activity, connection::House, plain::Plain, sending::Sending};

/// How long a refused client is listened to after the answer. Closing with its bytes unread
/// would reset the connection, and the client could lose the answer that says why.
const LINGER: Duration = Duration::from_secs(1);

/// A connection that fails with `TimedOut` when its client is too slow to send or to read.
///
/// It answers by itself what can be answered at once. Whoever reads from it never sees those
/// requests.
pub(super) struct TimedStream {
    inner: TcpStream,
    activity: Arc<Activity>,
    house: Arc<House>,
    /// An answer of its own.
    sending: Sending,
    /// The reader has got something, and has not sent all of its answer yet.
    with_reader: bool,
    reading: Alarm,
    writing: Alarm,
    write_stalled: Option<Instant>,
    lingering: Option<Instant>,
}

impl TimedStream {
    pub(super) fn new(inner: TcpStream, activity: Arc<Activity>, house: Arc<House>) -> Self {
        Self {
            inner,
            activity,
            house,
            sending: Sending::default(),
            with_reader: false,
            reading: Alarm::default(),
            writing: Alarm::default(),
            write_stalled: None,
            lingering: None,
        }
    }

    /// Bounds the time that writing makes no progress.
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write_stalled = None;
            return written;
        }
        let stalled = *self.write_stalled.get_or_insert_with(Instant::now);
        ready!(
            self.writing
                .poll_until(cx, stalled + self.house.limits.write_stall)
        );
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Sends the rest of an answer of its own.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.sending.is_done() {
            return Poll::Ready(Ok(()));
        }
        while !self.sending.is_done() {
            let written = self.sending.poll_write(cx, &mut self.inner);
            ready!(self.watch_write(cx, written))?;
        }
        self.sending.clear();
        self.activity.answered();
        Poll::Ready(Ok(()))
    }

    /// Answers these bytes, if they are a request that can be answered at once.
    fn answers(&mut self, bytes: &[u8]) -> bool {
        let Some(plain) = Plain::read(bytes, &self.house.limits) else {
            return false;
        };
        if !(self.house.at_once)(&plain, &mut self.sending) {
            return false;
        }
        self.sending.end_head();
        self.activity.request_came(false);
        true
    }

    /// Reads and forgets until the client has ended too, or for [`LINGER`].
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let until = *self
            .lingering
            .get_or_insert_with(|| Instant::now() + LINGER);
        let mut forgotten = [0; 4096];
        loop {
            let mut buf = ReadBuf::new(&mut forgotten);
            match Pin::new(&mut self.inner).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() && Instant::now() < until => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.reading.poll_until(cx, until),
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
        let this = &mut *self;
        loop {
            ready!(this.poll_send(cx))?;
            let before = buf.filled().len();
            match Pin::new(&mut this.inner).poll_read(cx, buf) {
                Poll::Ready(outcome) => {
                    let bytes = &buf.filled()[before..];
                    if !bytes.is_empty() {
                        let is_first = this.activity.bytes_came(bytes);
                        if is_first && !this.with_reader && this.answers(bytes) {
                            buf.set_filled(before);
                            continue;
                        }
                        this.with_reader = true;
                    }
                    return Poll::Ready(outcome);
                }
                Poll::Pending => {
                    let Some(deadline) = this.activity.deadline(&this.house.limits) else {
                        return Poll::Pending;
                    };
                    ready!(this.reading.poll_until(cx, deadline));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with_reader = true;
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watch_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.with_reader = true;
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.watch_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        // It flushes once its own buffer is empty.
        self.with_reader &= !self.activity.is_waiting();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(self.poll_send(cx))?;
            ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
            if !self.activity.is_receiving() {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_linger(cx).map(Ok)
    }
}

/// A timer that is set anew only for an earlier deadline: a later one is looked at when the
/// earlier rings, so that a busy connection does not pay for a timer with every request.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self
            .0
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if deadline <= sleep.deadline() {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}
