//! The queue of each webhook in the metrics, and a row of the store that cannot be read.

use common::repository::{Row, Table};
use e2e::{DEADLINE, Store};
use testkit::process::{Service, Signal};
use testkit::webhook_receiver::{ReceiverFault, WebhookReceiver};

use super::{Setup, versions};
use crate::metrics::scrape::{LISTEN, Scrape, address, scrape};

/// A syncer with metrics, and where these are.
async fn syncer(setup: &Setup) -> (Service, String) {
    let envs = setup.envs();
    let envs = envs.iter().map(|(name, value)| (*name, value.as_str()));
    let envs: Vec<_> = envs.chain([LISTEN]).collect();
    let syncer = Service::start("syncer", &envs, &[]);
    let address = address(&syncer).await;
    (syncer, address)
}

async fn eventually_scrapes(address: &str, holds: impl Fn(&Scrape) -> bool) {
    testkit::eventually(DEADLINE, async || {
        let scraped = scrape(address).await;
        match holds(&scraped) {
            true => Ok(()),
            false => Err(scraped.response.body),
        }
    })
    .await;
}

fn of(scraped: &Scrape, name: &str, webhook: &str) -> f64 {
    scraped.sum(&format!("pyflix_webhook_{name}"), &[("webhook", webhook)])
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_the_queue_of_each_webhook_and_the_age_of_its_oldest_event() {
    let (failing, well) = (
        WebhookReceiver::start().await,
        WebhookReceiver::start().await,
    );
    failing.misbehave(ReceiverFault::Status(500));
    let setup = Setup::new(Store::sqlite(), &[&failing, &well]).await;
    let (syncer, address) = syncer(&setup).await;
    well.wait_for_deliveries(1, DEADLINE).await;
    setup.publish(11).await;
    eventually_scrapes(&address, |scraped| {
        of(scraped, "queued_events", "1") == 2.0
            && of(scraped, "oldest_event_age_seconds", "1") > 0.0
            && of(scraped, "queued_events", "2") == 0.0
    })
    .await;
    let age = of(&scrape(&address).await, "oldest_event_age_seconds", "2");
    assert_eq!(age, 0.0);
    let warning = syncer
        .wait_for_line(|line| line.contains("cannot deliver"), DEADLINE)
        .await;
    assert!(warning.contains("webhook 1 of 2, 127.0.0.1"), "{warning}");
    failing.misbehave(ReceiverFault::None);
    eventually_scrapes(&address, |scraped| of(scraped, "queued_events", "1") == 0.0).await;
    assert_eq!(versions(&failing.accepted()), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_is_named_by_verify_log_and_metrics_and_loses_no_event() {
    let receivers = [
        WebhookReceiver::start().await,
        WebhookReceiver::start().await,
    ];
    let setup = Setup::new(Store::sqlite(), &[&receivers[0], &receivers[1]]).await;
    let once = setup.command(&["once"]).await;
    assert_eq!(once.code, Some(0), "{once:?}");
    let repository = setup.repository().await;
    let store = repository.store();
    let rows = store.rows(Table::Webhooks, None).await.unwrap();
    // The order of the keys is not that of the setting.
    let mut damaged = rows[0].clone();
    damaged.fields.insert("revision".into(), 900.into());
    damaged.fields.insert("delivered".into(), "none".into());
    let mut dropping = rows[1].clone();
    dropping.fields.insert("revision".into(), 900.into());
    dropping.fields.insert("dropped".into(), 5.into());
    let name = format!("webhooks/{}", damaged.key);
    let plant = async |row: Row| store.write_if_newer(Table::Webhooks, row, 900).await;
    assert!(plant(damaged).await.unwrap() && plant(dropping).await.unwrap());
    let verified = setup.command(&["verify"]).await;
    assert_eq!(verified.code, Some(1), "{verified:?}");
    assert!(verified.stdout.contains(&name), "{verified:?}");

    let (syncer, address) = syncer(&setup).await;
    let warning = syncer
        .wait_for_line(|line| line.contains(&name), DEADLINE)
        .await;
    assert!(warning.contains("WARN"), "{warning}");
    setup.publish(11).await;
    eventually_scrapes(&address, |scraped| {
        let sum = |name: &str| of(scraped, name, "1") + of(scraped, name, "2");
        sum("unreadable_rows_total") == 1.0
            && sum("dropped_events_total") == 5.0
            && receivers
                .iter()
                .all(|one| versions(&one.accepted()).ends_with(&[2]))
    })
    .await;
    let mut accepted = receivers.each_ref().map(|one| versions(&one.accepted()));
    accepted.sort();
    assert_eq!(accepted, [vec![1, 1, 2], vec![1, 2]]);
    syncer.signal(Signal::TERM);
    syncer.wait_exit(DEADLINE).await;
    let verified = setup.command(&["verify"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
}
