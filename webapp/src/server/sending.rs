use std::{
    cell::Cell,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, UNIX_EPOCH},
};

use axum::body::Bytes;
use common::clock::Clock;
use tokio::{io::AsyncWrite, net::TcpStream, time::Instant};

/// An answer that is written to its connection as it is.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    /// Its status line and header fields, each with its line's end.
    pub(crate) head: Vec<u8>,
    pub(crate) content: Bytes,
    written: usize,
}

impl Sending {
    /// Whether nothing is left to be sent.
    pub(super) fn is_done(&self) -> bool {
        self.written == self.head.len() + self.content.len()
    }

    /// Makes room for another answer.
    pub(super) fn clear(&mut self) {
        self.head.clear();
        self.content = Bytes::new();
        self.written = 0;
    }

    /// Ends the head with the field that every answer has.
    pub(super) fn end_head(&mut self, now: Instant) {
        self.head.extend_from_slice(b"date: ");
        self.head.extend_from_slice(&date(now));
        self.head.extend_from_slice(b"\r\n\r\n");
    }

    /// Writes as much as the connection takes at once.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut TcpStream,
    ) -> Poll<io::Result<()>> {
        let head = self.head.get(self.written..).unwrap_or_default();
        let of_content = self.written.saturating_sub(self.head.len());
        let content = &self.content[of_content..];
        let mut stream = Pin::new(stream);
        let written = match (head, content) {
            ([], rest) | (rest, []) => stream.as_mut().poll_write(cx, rest),
            _ => {
                let both = [IoSlice::new(head), IoSlice::new(content)];
                stream.as_mut().poll_write_vectored(cx, &both)
            }
        };
        let written = ready!(written)?;
        self.written += written;
        Poll::Ready(match written {
            0 => Err(io::ErrorKind::WriteZero.into()),
            _ => Ok(()),
        })
    }
}

/// The time of day in the form of the `Date` field, made anew once a second.
fn date(now: Instant) -> [u8; 29] {
    thread_local!(static LAST: Cell<Option<(Instant, [u8; 29])>> = const { Cell::new(None) });
    if let Some((until, date)) = LAST.get()
        && now < until
    {
        return date;
    }
    let time = Clock::system().now().as_duration().unsigned_abs();
    let of_second = Duration::from_nanos(time.subsec_nanos().into());
    let mut date = [0; 29];
    date.copy_from_slice(httpdate::fmt_http_date(UNIX_EPOCH + time).as_bytes());
    LAST.set(Some((now + Duration::from_secs(1) - of_second, date)));
    date
}
