//! Sending a case in one of many ways, and judging what comes back.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;

use testkit::raw_http::{RawConnection, RawResponse, Responses, cut};
use tokio::time::{Instant, timeout_at};

use crate::raw_http::EXCHANGE_TIMEOUT;
use crate::raw_http::cases::Case;
use crate::raw_http::expected::After;

/// The path of the request that is sent after a case: it tells whether the connection is open, and
/// that the server agrees on where the case ends.
const SENTINEL_PATH: &str = "/api/sentinel";
const SENTINEL: &[u8] =
    b"GET /api/sentinel HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
/// A longer case is not sent byte by byte.
const MAX_BYTEWISE: usize = 600;
/// The size of pieces of a longer case.
const PIECE: usize = 1021;

/// How a case is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// In one write, the sentinel included.
    OnePacket,
    /// Part by part.
    Parts,
    /// Part by part, and after a part that is a request not before its response has come.
    AfterResponses,
    /// In pieces of this size.
    Pieces(usize),
    /// In two, cut here.
    CutAt(usize),
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnePacket => f.write_str("in one packet"),
            Self::Parts => f.write_str("part by part"),
            Self::AfterResponses => f.write_str("part by part, after responses"),
            Self::Pieces(size) => write!(f, "in pieces of {size}"),
            Self::CutAt(at) => write!(f, "cut at {at}"),
        }
    }
}

impl Delivery {
    /// All ways to send a case.
    pub(crate) fn all(case: &Case) -> Vec<Self> {
        let length = case.bytes().len();
        let mut all = vec![Self::OnePacket];
        let mut boundaries = BTreeSet::new();
        let mut end = 0_usize;
        for part in &case.parts {
            boundaries.extend([end.saturating_sub(1), end, end + 1]);
            end += part.len();
        }
        if case.parts.len() > 1 {
            all.extend([Self::Parts, Self::AfterResponses]);
        } else {
            // Around the end of the first line, and inside the empty line at the end.
            let line = case.bytes().iter().position(|&byte| byte == b'\n');
            boundaries.extend(line.map(|at| [at, at + 1, at + 2]).into_iter().flatten());
            boundaries.extend([length.saturating_sub(3), length.saturating_sub(1)]);
        }
        all.push(Self::Pieces(if length > MAX_BYTEWISE { PIECE } else { 1 }));
        let inside = boundaries.into_iter().filter(|&at| at > 0 && at < length);
        all.extend(inside.map(Self::CutAt));
        all
    }
}

/// Sends a case and the sentinel, and gives back why the responses are not the expected ones.
pub(crate) async fn exchange(
    server: SocketAddr,
    case: &Case,
    delivery: Delivery,
) -> Result<(), String> {
    let deadline = Instant::now() + EXCHANGE_TIMEOUT;
    let sending = async {
        let mut connection = RawConnection::open(server).await?;
        let waits = case.expected.after == After::Waits;
        if delivery == Delivery::OnePacket && !waits {
            connection.send(&[&case.bytes(), SENTINEL].concat()).await;
        } else {
            send(&mut connection, case, delivery).await;
            if waits {
                connection.finish_sending().await;
            } else {
                connection.send(SENTINEL).await;
            }
        }
        connection.receive_all(deadline).await?;
        Ok::<_, std::io::Error>(connection)
    };
    let connection = match timeout_at(deadline, sending).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(format!("the connection is not closed: {error}")),
        Err(_) => return Err("the connection is not closed by the deadline".to_owned()),
    };
    let responses = split(case, connection.received(), true);
    if !responses.rest.is_empty() {
        let rest = responses.rest.escape_ascii();
        return Err(format!("{:?}, then no response: {rest}", responses.all));
    }
    let finals: Vec<&RawResponse> = responses.finals().collect();
    if !case.expected.accepts(&finals, SENTINEL_PATH) {
        return Err(format!("{:?}", responses.all));
    }
    Ok(())
}

/// Sends a case, and nothing after it.
pub(crate) async fn send(connection: &mut RawConnection, case: &Case, delivery: Delivery) {
    let bytes = case.bytes();
    match delivery {
        Delivery::OnePacket => connection.send_pieces([&*bytes]).await,
        Delivery::Parts => {
            let parts = case.parts.iter().map(Vec::as_slice);
            connection.send_pieces(parts).await;
        }
        Delivery::AfterResponses => {
            for part in &case.parts {
                let before = finals(case, connection.received());
                connection.send_pieces([part.as_slice()]).await;
                if is_request(part) {
                    let has_come = |received: &[u8]| finals(case, received) > before;
                    let deadline = Instant::now() + EXCHANGE_TIMEOUT;
                    // Where none comes, the responses at the end tell.
                    let _ = connection.receive_until(deadline, has_come).await;
                }
            }
        }
        Delivery::Pieces(size) => connection.send_pieces(bytes.chunks(size)).await,
        Delivery::CutAt(at) => connection.send_pieces(cut(&bytes, &[at])).await,
    }
}

/// Whether a part of a case is one request that can be answered, without a body to come.
fn is_request(part: &[u8]) -> bool {
    let head = String::from_utf8_lossy(part);
    let has_body = ["Content-Length: ", "Transfer-Encoding: "]
        .iter()
        .any(|field| head.contains(field));
    head.starts_with("GET /") && head.ends_with("\r\n\r\n") && !has_body
}

pub(crate) fn finals(case: &Case, received: &[u8]) -> usize {
    split(case, received, false).finals().count()
}

pub(crate) fn split(case: &Case, received: &[u8], is_closed: bool) -> Responses {
    Responses::split(received, is_closed, |number, _| {
        let expected = case.expected.responses.get(number);
        expected.is_some_and(|expected| expected.is_to_head)
    })
}
