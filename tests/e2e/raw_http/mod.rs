//! HTTP/1 as bytes: what programs, proxies and attackers send, in one packet and in pieces, to the
//! real binary and through real proxies.

mod behind_proxies;
mod cases;
mod deadlines;
mod exchange;
mod expected;
mod hosts;
mod mutations;
mod odd_bytes;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::support::DEADLINE;
use testkit::process::Service;
use testkit::raw_http::{RawConnection, Responses};
use tokio::time::{Instant, sleep};

/// How long any exchange may take on a busy machine; the promise is a second.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the processor time of an idle process is watched.
const IDLE_WINDOW: Duration = Duration::from_secs(1);
/// The share of the window that an idle process may use; one that spins on a busy machine uses
/// more.
const IDLE_SHARE: u32 = 8;

/// The standalone with the built-in catalogue, once it has it.
pub(crate) async fn start_app() -> Service {
    let envs = [
        ("PYFLIX_PROVIDER_URLS", "http://127.0.0.1:9"),
        ("PYFLIX_SYNC_INTERVAL", "1h"),
    ];
    let app = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    crate::support::until_it_says(app.url(), "Welcome to PyFlix WebApp!").await;
    app
}

/// One request of a client that does nothing odd, on a connection of its own; the response must be
/// to it. Gives back how long it took.
async fn ask_politely(server: SocketAddr) -> Result<Duration, String> {
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

/// Watches a process for [`IDLE_WINDOW`]. Gives back the processor time that it used, as an error
/// if that is more than an idle process uses.
async fn watch_idle(app: &Service) -> Result<Duration, String> {
    let (started, before) = (Instant::now(), app.cpu_time());
    sleep(IDLE_WINDOW).await;
    let (window, used) = (started.elapsed(), app.cpu_time() - before);
    if used > window / IDLE_SHARE {
        return Err(format!("{used:?} of processor time in {window:?}"));
    }
    Ok(used)
}

/// Waits until a process is idle, as it is some time after its start or its last request.
pub(crate) async fn until_idle(app: &Service) {
    testkit::eventually(DEADLINE, async || watch_idle(app).await).await;
}
