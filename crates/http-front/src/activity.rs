use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::Limits;

/// The activity of a connection, as reported by its stream (bytes) and its service (requests).
///
/// Only hyper knows where a request begins and ends, and only the stream knows when bytes come.
/// Together they tell an idle connection from one that never finishes a header.
#[derive(Debug)]
pub(crate) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Line feeds since the last byte that belongs to no line break. Two end a header.
    line_feeds: u8,
    has_served: bool,
    /// The body of the current request has not been read to its end.
    receives_body: bool,
    /// The current response lasts until the client leaves.
    is_until_closed: bool,
    /// The connection is to end as soon as no response is being sent.
    is_leaving: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Between requests, since then.
    Waiting(Instant),
    /// Inside a request's header, since then.
    Header(Instant),
    /// A request is being answered.
    Responding,
    /// hyper has taken the whole response, at that time, and is sending it.
    Sending(Instant),
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            phase: Phase::Waiting(Instant::now()),
            line_feeds: 2,
            has_served: false,
            receives_body: false,
            is_until_closed: false,
            is_leaving: false,
        }))
    }

    /// Bytes have been received. Line breaks before a request do not begin it (RFC 9112, 2.2).
    pub(crate) fn received(&self, bytes: &[u8]) {
        let mut state = self.state();
        let is_break = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let breaks = bytes.iter().rev().take_while(is_break);
        let line_feeds = breaks.clone().filter(|byte| **byte == b'\n').count();
        let line_feeds = u8::try_from(line_feeds).unwrap_or(u8::MAX);
        if breaks.count() == bytes.len() {
            state.line_feeds = state.line_feeds.saturating_add(line_feeds);
            return;
        }
        state.line_feeds = line_feeds;
        if let Phase::Waiting(_) = state.phase {
            state.phase = Phase::Header(Instant::now());
        }
    }

    /// hyper has parsed a request's header.
    pub(crate) fn begin_request(&self, has_body: bool) {
        let mut state = self.state();
        state.phase = Phase::Responding;
        state.has_served = true;
        state.receives_body = has_body;
    }

    /// The request's body has been read to its end.
    pub(crate) fn body_received(&self) {
        self.state().receives_body = false;
    }

    /// The current response lasts until the client leaves.
    pub(crate) fn set_until_closed(&self) {
        self.state().is_until_closed = true;
    }

    /// hyper has taken the whole response.
    pub(crate) fn end_response(&self) {
        let mut state = self.state();
        state.phase = Phase::Sending(Instant::now());
        state.is_until_closed = false;
    }

    /// All that hyper has written has been sent. Bytes of the next request may have been received.
    pub(crate) fn flushed(&self) {
        let mut state = self.state();
        let Phase::Sending(_) = state.phase else {
            return;
        };
        let now = Instant::now();
        state.phase = if state.line_feeds >= 2 {
            Phase::Waiting(now)
        } else {
            Phase::Header(now)
        };
    }

    /// The connection is to end as soon as no response is being sent.
    pub(crate) fn leave(&self) {
        self.state().is_leaving = true;
    }

    /// Whether a connection that is to end reads the end of its stream: not while a response is
    /// made or sent, but instead of the rest of a body.
    pub(crate) fn reads_end(&self) -> bool {
        let state = self.state();
        let is_responding = matches!(state.phase, Phase::Responding | Phase::Sending(_));
        state.is_leaving && (!is_responding || state.receives_body)
    }

    pub(crate) fn is_until_closed(&self) -> bool {
        self.state().is_until_closed
    }

    /// When the client must have sent something more, if it is the client's turn.
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let state = self.state();
        match state.phase {
            Phase::Waiting(since) if state.has_served => Some(since + limits.idle),
            Phase::Waiting(since) => Some(since + limits.first_byte),
            Phase::Header(since) => Some(since + limits.header),
            Phase::Sending(since) => Some(since + limits.idle),
            Phase::Responding => None,
        }
    }

    pub(crate) fn has_been_idle_for(&self, time: Duration) -> bool {
        matches!(self.state().phase, Phase::Waiting(since) if since.elapsed() >= time)
    }

    /// Whether the client may still be sending: closing now could lose the response.
    pub(crate) fn is_receiving(&self) -> bool {
        let state = self.state();
        state.receives_body || matches!(state.phase, Phase::Header(_))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn a_request_sent_with_half_of_the_next_leaves_the_header_deadline() {
        for half in [&b"GET /mo"[..], b"\r\nG", b"GET / HTTP/1.1\r\n", b"G\n"] {
            let activity = answered(&[&[REQUEST, half].concat()]);
            assert!(is_in_header(&activity), "{half:?}");
        }
    }

    #[test]
    fn an_answered_connection_is_idle_however_its_bytes_were_cut() {
        let bytes: Vec<_> = REQUEST.chunks(1).collect();
        assert!(!is_in_header(&answered(&bytes)));
        for breaks in [&b"\r\n"[..], b"\n", b"\r", b"\r\n\r\n\r\n"] {
            let activity = answered(&[&[REQUEST, breaks].concat()]);
            assert!(!is_in_header(&activity), "{breaks:?}");
        }
    }

    #[test]
    fn line_breaks_between_requests_do_not_begin_a_header() {
        let activity = answered(&[REQUEST]);
        for breaks in [&b"\r\n"[..], b"\r", b"\n\n\n"] {
            activity.received(breaks);
            assert!(!is_in_header(&activity), "{breaks:?}");
        }
        activity.received(b"\r\nG");
        assert!(is_in_header(&activity));
    }

    fn answered(pieces: &[&[u8]]) -> Activity {
        let activity = Activity::new();
        for piece in pieces {
            activity.received(piece);
        }
        activity.begin_request(false);
        activity.end_response();
        activity.flushed();
        activity
    }

    fn is_in_header(activity: &Activity) -> bool {
        let limits = Limits::default();
        activity.deadline(&limits).unwrap() <= Instant::now() + limits.header
    }
}
