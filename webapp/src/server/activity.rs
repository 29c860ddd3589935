use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::Limits;

/// What a connection is at, told by its stream (bytes) and its service (requests).
///
/// hyper alone knows where a request begins and ends, the stream alone when bytes come;
/// together they tell an idle connection from one that never finishes its header.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    phase: Phase,
    /// The last bytes read, to see whether a header has just ended.
    tail: [u8; 3],
    had_request: bool,
    /// A reader of requests waits for the next one, with nothing left to do.
    at_rest: bool,
    /// The client may still be sending what nobody will read.
    unread: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Nothing of the next request has come.
    Waiting(Instant),
    /// The next request's header has begun.
    Header(Instant),
    /// A request is being answered.
    Working,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            phase: Phase::Waiting(Instant::now()),
            tail: *b"\n\r\n",
            had_request: false,
            at_rest: false,
            unread: false,
        }))
    }

    /// Bytes have come.
    pub(super) fn bytes_came(&self, bytes: &[u8]) {
        let mut state = self.state();
        for &byte in &bytes[bytes.len().saturating_sub(3)..] {
            state.tail = [state.tail[1], state.tail[2], byte];
        }
        state.at_rest = false;
        if let Phase::Waiting(_) = state.phase {
            state.phase = Phase::Header(Instant::now());
        }
    }

    /// A reader of requests would read on, having sent all that it has or not.
    pub(super) fn nothing_came(&self, all_sent: bool) {
        let mut state = self.state();
        state.at_rest = all_sent && matches!(state.phase, Phase::Waiting(_));
    }

    /// A whole request has come, and is as good as answered.
    pub(super) fn answered_at_once(&self, now: Instant) {
        let mut state = self.state();
        state.had_request = true;
        state.phase = Phase::Waiting(now);
    }

    /// A request's header has been understood.
    pub(super) fn request_came(&self, with_body: bool) {
        let mut state = self.state();
        state.phase = Phase::Working;
        state.had_request = true;
        state.unread = with_body;
    }

    /// The answer has been handed over whole. Bytes of a next request may be here already.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        let now = Instant::now();
        let between_requests = state.tail == *b"\n\r\n" || state.tail.ends_with(b"\n\n");
        state.phase = if between_requests {
            Phase::Waiting(now)
        } else {
            Phase::Header(now)
        };
    }

    /// Whether a reader of requests waits for the next one, with nothing left to do.
    pub(super) fn is_at_rest(&self) -> bool {
        self.state().at_rest
    }

    /// When the client must have sent something more, if it is the client's turn.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let state = self.state();
        match state.phase {
            Phase::Waiting(since) if state.had_request => Some(since + limits.idle),
            Phase::Waiting(since) => Some(since + limits.first_byte),
            Phase::Header(since) => Some(since + limits.header),
            Phase::Working => None,
        }
    }

    pub(super) fn has_waited(&self, time: Duration) -> bool {
        matches!(self.state().phase, Phase::Waiting(since) if since.elapsed() >= time)
    }

    /// Whether closing now would cut off a client in the middle of sending.
    pub(super) fn is_receiving(&self) -> bool {
        let state = self.state();
        state.unread || matches!(state.phase, Phase::Header(_))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_request_sent_with_a_whole_one_has_its_header_deadline_not_the_idle_one() {
        let limits = Limits::default();
        let activity = Activity::new();

        activity.bytes_came(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /mo");
        activity.request_came(false);
        activity.answered();

        let deadline = activity.deadline(&limits).unwrap();
        assert!(deadline <= Instant::now() + limits.header);
    }

    #[test]
    fn an_answered_connection_is_idle_however_its_bytes_were_cut() {
        let limits = Limits::default();
        let activity = Activity::new();

        for byte in b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" {
            activity.bytes_came(&[*byte]);
        }
        activity.request_came(false);
        activity.answered();

        let deadline = activity.deadline(&limits).unwrap();
        assert!(deadline > Instant::now() + limits.header);
        assert!(!activity.is_receiving());
    }
}
