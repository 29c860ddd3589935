//! Random mutations of requests, sent to a server and to a plain hyper server: both must parse the
//! same requests from the same bytes.

use std::{fmt, net::SocketAddr, time::Duration};

use futures::{StreamExt as _, stream};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::IndexedRandom as _};
use tokio::time::Instant;

use super::{RawConnection, RawResponse, ReferenceServer, Responses, cut, reference::parsed};

/// The last request of every case.
const SENTINEL: &[u8] =
    b"GET /api/sentinel HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
/// Header fields of a request, at most; as many as the server under test parses.
const MAX_HEADERS: usize = 128;
/// Far above the length of a case: limits are not compared.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Cases at once.
const CONCURRENCY: usize = 4;
/// Attempts per case before a difference counts: a server that closes a connection with unread
/// bytes resets it, and a reset can destroy responses that the client has not read yet.
const ATTEMPTS: u32 = 3;

/// Requests of the kinds that clients send, each with a `PATH` of its own.
const REQUESTS: [&str; 16] = [
    "GET PATH HTTP/1.1\r\nHost: a.example\r\n\r\n",
    "GET PATH HTTP/1.1\r\nhost: a.example\r\naccept-encoding: gzip, br\r\nif-none-match: \"x\"\r\n\r\n",
    "GET PATH?a=b&c=%20 HTTP/1.1\r\nUser-Agent: curl/8\r\nHost: a.example:8000\r\nAccept: */*\r\n\r\n",
    "HEAD PATH HTTP/1.1\r\nHost: a.example\r\n\r\n",
    "OPTIONS PATH HTTP/1.1\r\nHost: a.example\r\nOrigin: http://b.example\r\n\r\n",
    "GET PATH HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n",
    "GET PATH HTTP/1.1\nHost: a.example\n\n",
    "GET http://a.example/api/absolutePATH HTTP/1.1\r\nHost: a.example\r\n\r\n",
    "GET PATH HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n",
    "POST PATH HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
    "POST PATH HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST PATH HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\n",
    "PUT PATH HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    "GET PATH HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "GET PATH HTTP/1.1\r\nHost: a.example\r\nX-Empty:\r\nX-Spaces: \t a \t \r\n\r\n",
    "DELETE PATH HTTP/1.1\r\nHost: a.example\r\nContent-Length: 40\r\n\r\nGET /api/body HTTP/1.1\r\nHost: a.exam\r\n\r\n",
];

/// Bytes to insert into requests.
const INSERTIONS: [&[u8]; 30] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\r\n\r\n\r\n",
    b" ",
    b"\t",
    b"\0",
    b":",
    b"/",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\"",
    b"#",
    b"%",
    b"\r\n ",
    b"0\r\n\r\n",
    b"\r\nHost: b.example",
    b"\r\nContent-Length: 5",
    b"\r\nContent-Length: 0",
    b"\r\nContent-Length: +5",
    b"\r\nTransfer-Encoding: chunked",
    b"\r\nTransfer-Encoding: identity",
    b"\r\nConnection: close",
    b"\r\nConnection: keep-alive",
    b"\r\nExpect: 100-continue",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /api/inserted HTTP/1.1\r\nHost: a.example\r\n\r\n",
];

/// Mutated requests, and their division into packets.
#[derive(Clone, PartialEq, Eq)]
pub struct MutatedRequests {
    /// The bytes before [`SENTINEL`].
    bytes: Vec<u8>,
    /// Positions of the cuts, in order.
    cuts: Vec<usize>,
}

impl MutatedRequests {
    /// Those of a seed; the same each time.
    pub fn from_seed(seed: u64) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut bytes = requests(&mut random);
        for _ in 0..random.random_range(0..=3) {
            mutate(&mut bytes, &mut random);
        }
        let cuts = cuts(&bytes, &mut random);
        Self { bytes, cuts }
    }

    fn sent(&self) -> Vec<u8> {
        [&self.bytes, SENTINEL].concat()
    }
}

impl fmt::Debug for MutatedRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\", cut at {:?}",
            self.bytes.escape_ascii(),
            self.cuts
        )
    }
}

fn requests(random: &mut SmallRng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..random.random_range(1..=4) {
        if random.random_ratio(1, 6) {
            bytes.extend_from_slice(b"\r\n");
        }
        let path = format!("/api/m{number}");
        let request = REQUESTS[random.random_range(0..REQUESTS.len())];
        bytes.extend_from_slice(request.replace("PATH", &path).as_bytes());
    }
    bytes
}

fn mutate(bytes: &mut Vec<u8>, random: &mut SmallRng) {
    let at = place(bytes, random);
    let end = bytes.len().min(at + random.random_range(1..=8));
    match random.random_range(0..8) {
        0..=3 => {
            let inserted = INSERTIONS.choose(random).copied().unwrap_or_default();
            bytes.splice(at..at, inserted.iter().copied());
        }
        4 => drop(bytes.drain(at..end)),
        5 => {
            let copy = bytes[at..end].to_vec();
            bytes.splice(end..end, copy);
        }
        6 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.random();
            }
        }
        _ => bytes.truncate(at),
    }
}

/// A place in the bytes: any, or one at the edge of a line, where parsers differ.
fn place(bytes: &[u8], random: &mut SmallRng) -> usize {
    let is_edge = |at: &usize| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        [before, bytes.get(*at)]
            .into_iter()
            .flatten()
            .any(|byte| b"\r\n: ".contains(byte))
    };
    if random.random_ratio(2, 3) {
        let edges: Vec<usize> = (0..=bytes.len()).filter(is_edge).collect();
        if let Some(edge) = edges.choose(random) {
            return *edge;
        }
    }
    random.random_range(0..=bytes.len())
}

fn cuts(bytes: &[u8], random: &mut SmallRng) -> Vec<usize> {
    let length = bytes.len() + SENTINEL.len();
    let mut cuts: Vec<usize> = match random.random_range(0..10) {
        0..=3 => Vec::new(),
        // Byte by byte around a place.
        4 => {
            let from = place(bytes, random);
            (from..length.min(from + 12)).collect()
        }
        _ => (0..random.random_range(1..=5))
            .map(|_| place(bytes, random))
            .collect(),
    };
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Numbers of compared cases and of the requests parsed from them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compared {
    /// Cases without a difference.
    pub cases: u64,
    /// Requests that hyper parsed, without those of the test itself.
    pub parsed: u64,
    /// Cases that hyper rejected before the handler.
    pub refused: u64,
}

/// A server under test beside the reference.
#[derive(Debug)]
pub struct Comparison {
    server: SocketAddr,
    reference: ReferenceServer,
    deadline: Duration,
}

impl Comparison {
    /// Compares a server, with a deadline for each case.
    ///
    /// # Errors
    /// When the reference cannot be started.
    pub async fn with(server: SocketAddr, deadline: Duration) -> std::io::Result<Self> {
        Ok(Self {
            server,
            reference: ReferenceServer::start(MAX_HEADER_BYTES, MAX_HEADERS).await?,
            deadline,
        })
    }

    /// Compares the cases of these seeds.
    ///
    /// # Errors
    /// The first difference, with its seed and the bytes.
    pub async fn cases(&self, seeds: impl IntoIterator<Item = u64>) -> Result<Compared, String> {
        let cases = stream::iter(seeds).map(|seed| async move {
            let case = MutatedRequests::from_seed(seed);
            let mut compared = self.case(&case).await;
            for _ in 1..ATTEMPTS {
                if compared.is_err() {
                    compared = self.case(&case).await;
                }
            }
            compared.map_err(|difference| format!("case {seed}: {difference}\nsent {case:?}"))
        });
        let mut cases = std::pin::pin!(cases.buffer_unordered(CONCURRENCY));
        let mut all = Compared::default();
        while let Some(compared) = cases.next().await {
            let (parsed, is_refused) = compared?;
            all.cases += 1;
            all.parsed += parsed;
            all.refused += u64::from(is_refused);
        }
        Ok(all)
    }

    async fn case(&self, case: &MutatedRequests) -> Result<(u64, bool), String> {
        let (expected, responses) = tokio::join!(
            self.received(self.reference.address(), case),
            self.received(self.server, case),
        );
        let is_head =
            |response: &RawResponse| parsed(response).is_some_and(|(method, _)| method == "HEAD");
        let expected = Responses::split(
            &expected.map_err(|error| format!("hyper: {error}"))?,
            true,
            |_, response| is_head(response),
        );
        let expected: Vec<_> = expected.finals().cloned().collect();
        let responses = responses?;
        let responses = Responses::split(&responses, true, |number, _| {
            expected.get(number).is_some_and(is_head)
        });
        compare(&expected, &responses).map_err(|difference| {
            let parsed: Vec<_> = expected.iter().map(|response| parsed(response)).collect();
            let all = &responses.all;
            format!("{difference}\nhyper parsed {parsed:?}: {expected:?}\nthe server sent {all:?}")
        })?;
        let parsed_requests = expected.iter().filter_map(parsed).count() as u64;
        Ok((parsed_requests, expected.len() as u64 > parsed_requests))
    }

    /// All bytes of a server's responses to a case, until it closes the connection.
    async fn received(&self, to: SocketAddr, case: &MutatedRequests) -> Result<Vec<u8>, String> {
        let deadline = Instant::now() + self.deadline;
        let exchange = async {
            let mut connection = RawConnection::open(to).await?;
            let sent = case.sent();
            connection.send_pieces(cut(&sent, &case.cuts)).await;
            connection.finish_sending().await;
            connection.receive_all(deadline).await?;
            Ok::<_, std::io::Error>(connection.received().to_vec())
        };
        match tokio::time::timeout_at(deadline, exchange).await {
            Ok(received) => received.map_err(|error| format!("not closed: {error}")),
            Err(_) => Err("not closed by the deadline".to_owned()),
        }
    }
}

/// Whether a server's responses are to the requests that hyper parsed.
fn compare(expected: &[RawResponse], responses: &Responses) -> Result<(), String> {
    if !responses.rest.is_empty() {
        return Err(format!(
            "no response: {:?}",
            responses.rest.escape_ascii().to_string()
        ));
    }
    let finals: Vec<_> = responses.finals().collect();
    for (number, expected) in expected.iter().enumerate() {
        let Some(response) = finals.get(number) else {
            // A refusal may end a connection earlier than hyper would have.
            let last = number.checked_sub(1).and_then(|last| finals.get(last));
            let has_ended = last.is_some_and(|last| last.status >= 400 && last.announces_close());
            return has_ended
                .then_some(())
                .ok_or_else(|| format!("no response to request {number}"));
        };
        match parsed(expected) {
            Some((_, path)) => {
                if let Some(instance) = response.instance()
                    && instance != path
                {
                    return Err(format!(
                        "request {number} is for {path}, the response is for {instance}"
                    ));
                }
            }
            None if response.status != expected.status => {
                return Err(format!("hyper's refusal {number} has another status"));
            }
            None => {}
        }
    }
    if finals.len() > expected.len() {
        return Err("more responses than hyper parsed requests".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_its_case() {
        let case = MutatedRequests::from_seed(1);
        assert_eq!(case, MutatedRequests::from_seed(1));
        assert_ne!(case, MutatedRequests::from_seed(2));
    }

    #[tokio::test]
    async fn hyper_parses_the_same_requests_from_any_packets() {
        let other = ReferenceServer::start(MAX_HEADER_BYTES, MAX_HEADERS)
            .await
            .unwrap();
        let comparison = Comparison::with(other.address(), Duration::from_secs(20))
            .await
            .unwrap();
        let compared = comparison.cases(0..300).await.unwrap();
        assert_eq!(compared.cases, 300);
        assert!(compared.parsed > 300, "{compared:?}");
        assert!(compared.refused > 30, "{compared:?}");
    }
}
