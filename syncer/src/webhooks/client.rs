//! Sending one event to one webhook.

use std::time::Duration;

use common::config::Webhook;
use common::models::Event;
use ghibli_api::{causes, retry_after};
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::signature::sign;

/// The longest time for a request and its response.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of the part of a response that is read.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Posts events.
pub(crate) struct WebhookClient(reqwest::Client);

/// Why an event was not accepted.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct DeliveryError {
    reason: String,
    /// The `Retry-After` of the response.
    pub(super) retry_after: Option<Duration>,
}

impl From<reqwest::Error> for DeliveryError {
    fn from(error: reqwest::Error) -> Self {
        Self {
            // Without the URL, which may hold a password.
            reason: causes(error),
            retry_after: None,
        }
    }
}

#[cfg(test)]
impl DeliveryError {
    pub(super) fn for_test(retry_after: Duration) -> Self {
        Self {
            reason: "a test".into(),
            retry_after: Some(retry_after),
        }
    }
}

impl WebhookClient {
    pub(crate) fn new() -> anyhow::Result<Self> {
        // Fails only if the process already has a provider, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("PyFlix/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .build();
        Ok(Self(client.map_err(reqwest::Error::without_url)?))
    }

    /// Sends an event signed for now. Any status of success accepts it.
    pub(crate) async fn send(
        &self,
        webhook: &Webhook,
        id: &str,
        event: &Event,
        now: Timestamp,
    ) -> Result<StatusCode, DeliveryError> {
        let body = serde_json::to_vec(event).map_err(|error| DeliveryError {
            reason: error.to_string(),
            retry_after: None,
        })?;
        let signature = sign(&webhook.secret, id, now.as_second(), &body);
        let request = self
            .0
            .post(webhook.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.as_second())
            .header("webhook-signature", signature)
            .body(body);
        let deadline = Instant::now() + ATTEMPT_TIMEOUT;
        let response = timeout_at(deadline, request.send()).await;
        let response = response.map_err(|_| DeliveryError {
            reason: format!("no response within {} s", ATTEMPT_TIMEOUT.as_secs()),
            retry_after: None,
        })??;
        let status = response.status();
        let retry_after = retry_after(response.headers());
        // The status decides; the rest is read only so that the connection can be used again.
        let _ = timeout_at(deadline, discard_body(response)).await;
        if !status.is_success() {
            return Err(DeliveryError {
                reason: format!("responded with {status}"),
                retry_after,
            });
        }
        Ok(status)
    }
}

async fn discard_body(mut response: Response) {
    let mut bytes = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes += chunk.len();
        if bytes > MAX_RESPONSE_BYTES {
            return;
        }
    }
}
