//! The deliveries of events to webhooks: how far each has come, shared by all syncers of a store.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::open::Repository;
use super::store::{Result, Row, Table};
use super::tables::{decode_rows, to_fields};

/// How far the deliveries to one webhook have come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delivery {
    /// Identifies the webhook.
    pub webhook: String,
    /// Rises with every write.
    pub revision: u64,
    /// The number of the last event that was delivered or dropped.
    pub delivered: u64,
    /// Number of failed attempts since then.
    pub failures: u32,
    /// No syncer tries before: the end of the current attempt or of the back-off.
    pub not_before: Timestamp,
    /// Number of events dropped in all.
    pub dropped: u64,
}

impl Repository {
    /// The deliveries to a webhook; `None` if it is new.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delivery(&self, webhook: &str) -> Result<Option<Delivery>> {
        let rows = self.store.rows(Table::Webhooks, None).await?;
        let mut deliveries = decode_rows::<Delivery>(Table::Webhooks, rows).into_iter();
        Ok(deliveries.find(|delivery| delivery.webhook == webhook))
    }

    /// Saves deliveries that were read before, and raises their revision. False if another syncer
    /// has written meanwhile.
    ///
    /// # Errors
    /// When the store fails. Whether they were saved is then unknown.
    pub async fn save_delivery(&self, delivery: &mut Delivery) -> Result<bool> {
        delivery.revision += 1;
        let row = Row {
            key: delivery.webhook.clone(),
            fields: to_fields(delivery)?,
        };
        self.store
            .write_if_newer(Table::Webhooks, row, delivery.revision)
            .await
    }
}
