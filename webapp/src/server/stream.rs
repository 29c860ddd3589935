use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use super::{activity::Activity, connection::House, plain::Plain, sending::Sending};

/// How long a refused client is listened to after the answer. Closing with its bytes unread
/// would reset the connection, and the client could lose the answer that says why.
const LINGER: Duration = Duration::from_secs(1);

/// What is read of a request that is answered here; all but a few are shorter.
const ROOM: usize = 8 * 1024;

/// A connection that fails with `TimedOut` when its client is too slow to send or to read.
///
/// Between requests it is its own reader, and answers what can be answered at once.
pub(super) struct TimedStream {
    inner: TcpStream,
    activity: Arc<Activity>,
    house: Arc<House>,
    /// An answer of its own.
    sending: Sending,
    /// What has come and is not read yet.
    ahead: Bytes,
    /// All that was written has been flushed.
    flushed: bool,
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
            ahead: Bytes::new(),
            flushed: true,
            reading: Alarm::default(),
            writing: Alarm::default(),
            write_stalled: None,
            lingering: None,
        }
    }

    /// Takes back what a reader has read and not understood yet, to be read again.
    pub(super) fn give_back(mut self, unread: Bytes) -> Self {
        self.ahead = unread;
        self
    }

    /// Answers what can be answered at once, until something else comes. That is read next; if
    /// nothing is there to be read, the client has ended.
    pub(super) fn poll_answers(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.ahead.is_empty() {
            ready!(self.poll_send(cx))?;
            let mut room = [const { MaybeUninit::uninit() }; ROOM];
            let mut came = ReadBuf::uninit(&mut room);
            ready!(self.poll_come(cx, &mut came))?;
            let came = came.filled();
            if came.is_empty() {
                break;
            }
            if !self.answers(came) {
                self.activity.bytes_came(came);
                self.ahead = Bytes::copy_from_slice(came);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Whether an answer of its own is not sent whole yet.
    pub(super) fn is_sending(&self) -> bool {
        !self.sending.is_done()
    }

    /// Whether something has come and is not read yet.
    pub(super) fn has_more(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Bounds the time until something comes.
    fn poll_come(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let came = Pin::new(&mut self.inner).poll_read(cx, buf);
        if came.is_pending()
            && let Some(deadline) = self.activity.deadline(&self.house.limits)
        {
            ready!(self.reading.poll_until(cx, deadline));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        came
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
        let had_stalled = self.write_stalled.is_some();
        while !self.sending.is_done() {
            let written = self.sending.poll_write(cx, &mut self.inner);
            ready!(self.watch_write(cx, written))?;
        }
        if had_stalled {
            // It took its time, and waits for the next request only from now on.
            self.activity.answered_at_once(Instant::now());
        }
        self.sending.clear();
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
        let now = Instant::now();
        self.sending.end_head(now);
        self.activity.answered_at_once(now);
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
        if !this.ahead.is_empty() {
            let some = this.ahead.len().min(buf.remaining());
            buf.put_slice(&this.ahead.split_to(some));
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let came = this.poll_come(cx, buf);
        match &came {
            Poll::Pending => this.activity.nothing_came(this.flushed),
            Poll::Ready(_) if buf.filled().len() > before => {
                this.activity.bytes_came(&buf.filled()[before..]);
            }
            Poll::Ready(_) => {}
        }
        came
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.flushed = false;
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watch_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.flushed = false;
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.watch_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        // It flushes once its own buffer is empty.
        self.flushed = true;
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
