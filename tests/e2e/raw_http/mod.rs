//! HTTP/1 at the level of bytes: well-formed and malformed requests, in one packet and in several, to
//! the real program and through real proxies.

mod behind_proxies;
mod cases;
mod deadlines;
mod direct;
mod exchange;
mod expected;
mod hosts;
mod mutations;
mod pipelining;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use testkit::raw_http::{RawConnection, Responses};
use tokio::time::Instant;

/// For an exchange on a busy machine; usually milliseconds.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(20);

/// Sends a well-formed request on a new connection, and checks that the response is to it. Returns
/// the time it took.
async fn send_wellformed_request(server: SocketAddr) -> Result<Duration, String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);

    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = format!("/api/polite/{count}");
    let encoding = if count.is_multiple_of(2) {
        "gzip"
    } else {
        "identity"
    };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: polite.example\r\nAccept-Encoding: {encoding}\r\n\r\n"
    );
    let started = Instant::now();
    let ask = async {
        let mut connection = RawConnection::open(server).await?;
        connection.send(request.as_bytes()).await;
        let is_whole = |received: &[u8]| {
            let responses = Responses::split(received, false, |_, _| false);
            responses.finals().count() == 1
        };
        let deadline = started + EXCHANGE_TIMEOUT;
        connection.receive_until(deadline, is_whole).await?;
        Ok::<_, std::io::Error>(connection)
    };
    let connection = tokio::time::timeout(EXCHANGE_TIMEOUT, ask).await;
    let connection = connection
        .map_err(|_| format!("{path} was not answered within {EXCHANGE_TIMEOUT:?}"))?
        .map_err(|error| format!("{path} was not answered: {error}"))?;
    let took = started.elapsed();
    let responses = Responses::split(connection.received(), false, |_, _| false);
    let instance = responses
        .finals()
        .next()
        .and_then(|response| response.instance());
    if instance.as_deref() != Some(&path) {
        return Err(format!("{path} was answered with {:?}", responses.all));
    }
    Ok(took)
}
