use std::process::ExitCode;

use common::clock::Clock;
use common::config::Webhook;
use common::models::{Event, EventData};
use futures::future::join_all;

use super::output::{self, print};
use crate::webhooks::{WebhookClient, label};

/// Sends a test event to each webhook and prints the results; success if all accepted it.
///
/// # Errors
/// When TLS cannot be set up or the output cannot be written.
pub(crate) async fn notify_test(webhooks: &[Webhook], clock: &Clock) -> anyhow::Result<ExitCode> {
    let client = WebhookClient::new()?;
    let now = clock.now();
    let event = Event {
        data: EventData::Test {},
        timestamp: now,
    };
    let id = format!("test-{:016x}", rand::random::<u64>());
    let sends = webhooks
        .iter()
        .map(|webhook| client.send(webhook, &id, &event, now));
    let mut code = ExitCode::SUCCESS;
    for (index, sent) in join_all(sends).await.into_iter().enumerate() {
        let label = label(&webhooks[index], index, webhooks.len());
        match sent {
            Ok(status) => print(&format!("{label}: accepted the event ({status})")),
            Err(error) => {
                code = ExitCode::FAILURE;
                print(&format!("{label}: did not accept the event: {error}"));
            }
        }
    }
    output::check()?;
    Ok(code)
}
