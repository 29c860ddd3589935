//! The well-formed cases through real proxies, which share connections to the app among clients.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use e2e::DEADLINE;
use testkit::raw_http::{RawConnection, RawResponse, Responses};
use testkit::reverse_proxy::{ReverseProxy, ReverseProxyKind};
use testkit::skips::skip;
use tokio::time::Instant;

use crate::raw_http::cases::{self, Case};
use crate::raw_http::exchange::{self, Delivery};
use crate::raw_http::{EXCHANGE_TIMEOUT, send_wellformed_request};
use e2e::{start_app, wait_until_idle};

/// For a proxy that may itself wait for the rest of a malformed request.
const MALFORMED_TIMEOUT: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haproxy_gets_every_response_for_its_request() {
    through(ReverseProxyKind::Haproxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_gets_every_response_for_its_request() {
    through(ReverseProxyKind::Nginx).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_gets_every_response_for_its_request() {
    through(ReverseProxyKind::Caddy).await;
}

async fn through(kind: ReverseProxyKind) {
    let app = start_app().await;
    let Some(proxy) = ReverseProxy::start(kind, app.address()).await else {
        let name = kind.name();
        skip(
            &format!("behind_proxies: {name}"),
            &format!("{name} is not installed"),
        );
        return;
    };
    // Until the first health check has passed.
    testkit::eventually(DEADLINE, async || {
        send_wellformed_request(proxy.address()).await
    })
    .await;

    let is_done = AtomicBool::new(false);
    let malformed = async {
        let failures = send_all(&proxy).await;
        is_done.store(true, Ordering::Relaxed);
        failures
    };
    let polite = async {
        let mut waited = Vec::new();
        while !is_done.load(Ordering::Relaxed) {
            waited.push(send_wellformed_request(proxy.address()).await);
        }
        waited
    };
    let (failures, polite) = tokio::join!(malformed, polite);

    let count = polite.len();
    let polite: Result<Vec<Duration>, String> = polite.into_iter().collect();
    let slowest = polite.map(|waited| waited.into_iter().max());
    println!(
        "{count} polite requests through {}: {slowest:?} at most",
        kind.name()
    );
    assert!(slowest.is_ok(), "{slowest:?}");
    assert!(
        failures.is_empty(),
        "{} failures:\n{}\n{}",
        failures.len(),
        failures.join("\n"),
        proxy.log()
    );
    // The proxy keeps its connections, and goes on with its health checks.
    wait_until_idle(&app).await;
}

/// Sends all cases. The proxy may change or refuse malformed ones, but must not return a response to
/// another client's request.
async fn send_all(proxy: &ReverseProxy) -> Vec<String> {
    let mut failures = Vec::new();
    for case in cases::all() {
        for delivery in [Delivery::OnePacket, Delivery::AfterResponses] {
            if let Err(got) = send(proxy, &case, delivery).await {
                failures.push(format!("{}, {delivery}: {got}", case.name));
            }
        }
    }
    failures
}

async fn send(proxy: &ReverseProxy, case: &Case, delivery: Delivery) -> Result<(), String> {
    let timeout = if case.is_well_formed {
        EXCHANGE_TIMEOUT
    } else {
        MALFORMED_TIMEOUT
    };
    let deadline = Instant::now() + timeout;
    let exchange = async {
        let mut connection = RawConnection::open(proxy.address()).await?;
        exchange::send(&mut connection, case, delivery).await;
        if case.is_well_formed {
            // A proxy need not answer a client that has closed its side.
            let count = case.expected.responses.len();
            let has_all = |received: &[u8]| exchange::finals(case, received) >= count;
            connection.receive_until(deadline, has_all).await?;
        }
        connection.finish_sending().await;
        // A proxy may wait for the rest of a malformed case.
        let received = connection.receive_all(deadline).await;
        if case.is_well_formed {
            received?;
        }
        Ok::<_, std::io::Error>(connection)
    };
    let waited = tokio::time::timeout_at(deadline, exchange).await;
    if waited.is_err() && !case.is_well_formed {
        return Ok(());
    }
    let connection = match waited {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(format!("no whole response: {error}")),
        Err(_) => return Err("no whole response by the deadline".to_owned()),
    };
    let responses = exchange::split(case, connection.received(), true);
    if case.is_well_formed {
        return check_well_formed(case, &responses);
    }
    // No response may be to a request of another client.
    let strange = |response: &RawResponse| {
        let instance = response.instance();
        instance.is_some_and(|instance| instance.contains("/polite/"))
    };
    match responses.finals().find(|response| strange(response)) {
        Some(_) => Err(format!("{:?}", responses.all)),
        None => Ok(()),
    }
}

fn check_well_formed(case: &Case, responses: &Responses) -> Result<(), String> {
    let finals: Vec<&RawResponse> = responses.finals().collect();
    let expected = &case.expected.responses;
    let is_expected = finals.len() == expected.len()
        && expected
            .iter()
            .zip(&finals)
            .all(|(expected, response)| expected.accepts(response));
    if is_expected && responses.rest.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "{:?}, rest {}",
            responses.all,
            responses.rest.escape_ascii()
        ))
    }
}
