//! The deliveries of events to webhooks: how far each has come, shared by all syncers of a store.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::Repository;
use super::store::{Result, Row, StoreError, Table};
use super::tables::to_fields;

/// The highest revision: stores compare signed integers.
const MAX_REVISION: u64 = i64::MAX.cast_unsigned();

/// How far the deliveries to one webhook have come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Identifies the webhook.
    pub webhook: String,
    /// Rises with every write.
    pub revision: u64,
    /// The number of the last event that was delivered or dropped.
    pub delivered: u64,
    /// Number of failed attempts since then.
    #[serde(default)]
    pub failures: u32,
    /// No syncer tries before: the end of the current attempt or of the back-off.
    #[serde(default)]
    pub not_before: Timestamp,
    /// Number of events dropped in all.
    #[serde(default)]
    pub dropped: u64,
}

impl Repository {
    /// The deliveries to a webhook; `None` if it is new.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if its row cannot be decoded; when the store fails.
    pub async fn delivery(&self, webhook: &str) -> Result<Option<Delivery>> {
        let rows = self.store.rows(Table::Webhooks, None).await?;
        let row = rows.into_iter().find(|row| row.key == webhook);
        let decoded = row.map(|row| {
            let decoded = decode(row.fields);
            decoded.map_err(|reason| unreadable(webhook, &reason))
        });
        let delivery = decoded.transpose()?;
        Ok(delivery.map(|delivery| Delivery {
            webhook: webhook.to_owned(),
            ..delivery
        }))
    }

    /// Saves deliveries that were read before, and raises their revision. False if another syncer
    /// has written meanwhile.
    ///
    /// # Errors
    /// When the store fails. Whether they were saved is then unknown.
    pub async fn save_delivery(&self, delivery: &mut Delivery) -> Result<bool> {
        delivery.revision += 1;
        let row = to_row(delivery)?;
        self.store
            .write_if_newer(Table::Webhooks, row, delivery.revision)
            .await
    }

    /// Replaces the row of a webhook that cannot be decoded: all events of the log are due again.
    ///
    /// # Errors
    /// When a later release has written the store, the row has the highest revision, or the store
    /// fails.
    pub async fn reset_delivery(&self, webhook: &str) -> Result<Delivery> {
        // Refuses a store of a later release, which may be able to decode the row.
        self.store.head().await?;
        let delivery = Delivery {
            webhook: webhook.to_owned(),
            revision: 1,
            ..Delivery::default()
        };
        let row = to_row(&delivery)?;
        // Replaces a row of any lower revision.
        let written = self
            .store
            .write_if_newer(Table::Webhooks, row, MAX_REVISION);
        if written.await? {
            return Ok(delivery);
        }
        Err(unreadable(
            webhook,
            "it cannot be replaced; delete it in a database shell",
        ))
    }
}

fn unreadable(webhook: &str, reason: &str) -> StoreError {
    StoreError::Unreadable {
        name: format!("{}/{webhook}", Table::Webhooks.name()),
        reason: reason.to_owned(),
    }
}

fn to_row(delivery: &Delivery) -> Result<Row> {
    Ok(Row {
        key: delivery.webhook.clone(),
        fields: to_fields(delivery)?,
    })
}

/// Decodes the fields of a row, or returns the problem.
pub(super) fn decode(fields: Map<String, Value>) -> Result<Delivery, String> {
    let delivery: Delivery =
        serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
    // Room for the revisions of all later writes.
    if delivery.revision > MAX_REVISION / 2 {
        return Err(format!("its revision {} is too high", delivery.revision));
    }
    Ok(delivery)
}
