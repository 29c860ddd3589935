//! Deliveries to receivers that accept, fail and never respond.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use common::repository::PartKind;
use e2e::{DEADLINE, Store, wait_until_shows};
use serde_json::Value;
use testkit::process::{Service, Signal};
use testkit::source::{Fault, film};
use testkit::webhook_receiver::{Delivery, ReceiverFault, WebhookReceiver};

use super::json_schema::is_valid;
use super::{SECRET, Setup, types, versions};

/// Less than an attempt at a receiver that never responds.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn each_event_arrives_once_and_in_order_over_sqlite() {
    each_event_arrives_once(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_arrives_once_and_in_order_over_mongodb() {
    each_event_arrives_once(Store::mongodb().await).await;
}

async fn each_event_arrives_once(store: Store) {
    let receiver = WebhookReceiver::start().await;
    let setup = Setup::new(store, &[&receiver]).await;
    let syncer = setup.start("syncer");
    let arrives = async |name: &str| receiver.wait_for_type(name, DEADLINE).await;
    arrives("version.published").await;
    setup.source.misbehave("films", Fault::Status(500));
    arrives("source.unavailable").await;
    setup.source.behave();
    arrives("source.recovered").await;
    setup.source.misbehave("people", Fault::Empty);
    arrives("sync.held").await;
    setup.source.behave();
    arrives("sync.released").await;
    let store = setup.repository().await.store().clone();
    let mut parts = store.parts().await.unwrap();
    parts.retain(|part| part.kind == PartKind::Base);
    store.remove(&parts).await.unwrap();
    arrives("store.healed").await;
    setup.publish(11).await;
    let rollback = setup.command(&["rollback", "2"]).await;
    assert_eq!(rollback.code, Some(0), "{rollback:?}");
    receiver.wait_for_deliveries(10, DEADLINE).await;

    let deliveries = receiver.deliveries();
    let expected = [
        "version.published",
        "source.unavailable",
        "source.recovered",
        "sync.held",
        "sync.released",
        "store.damaged",
        "version.published",
        "store.healed",
        "version.published",
        "version.published",
    ];
    assert_eq!(types(&deliveries), expected, "{}", syncer.output());
    let ids: BTreeSet<_> = deliveries
        .iter()
        .map(|one| one.header("webhook-id"))
        .collect();
    assert_eq!(ids.len(), expected.len());
    let note = &deliveries[9].json()["data"]["note"];
    assert_eq!(note, "rollback to version 2");
    assert!(!syncer.output().contains(SECRET), "{}", syncer.output());

    let webapp = setup.store.webapp().await;
    let document = format!("{}/api/v1/openapi.json", webapp.url());
    let document = wait_until_shows(&document, "webhooks").await.json();
    for delivery in &deliveries {
        assert_valid(&document, delivery);
    }
}

/// The body has the schema that the OpenAPI document has for its type, and no other's.
fn assert_valid(document: &Value, delivery: &Delivery) {
    let webhooks = document["webhooks"].as_object().unwrap();
    assert_eq!(webhooks.len(), 8);
    let body = delivery.json();
    let matching = webhooks.iter().filter(|(_, webhook)| {
        let content = &webhook["post"]["requestBody"]["content"]["application/json"];
        is_valid(document, &content["schema"], &body)
    });
    let matching: Vec<_> = matching.map(|(name, _)| name.as_str()).collect();
    assert_eq!(matching, [delivery.type_name()], "{}", delivery.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_while_a_receiver_fails_and_the_syncer_is_killed_over_sqlite() {
    nothing_is_lost(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_while_a_receiver_fails_and_the_syncer_is_killed_over_mongodb() {
    nothing_is_lost(Store::mongodb().await).await;
}

async fn nothing_is_lost(store: Store) {
    let receiver = WebhookReceiver::start().await;
    let setup = Setup::new(store, &[&receiver]).await;
    let syncer = setup.start("syncer");
    receiver.wait_for_type("version.published", DEADLINE).await;
    receiver.misbehave(ReceiverFault::Status(503));
    setup.publish(11).await;
    receiver.wait_for_deliveries(3, DEADLINE).await;
    syncer.signal(Signal::KILL);
    syncer.wait_exit(DEADLINE).await;
    // Published by a command without webhooks, as by a hand in a shell.
    setup.source.add_film(film(12));
    let once = setup.store.command(&setup.source.url(), &["once"]).await;
    assert_eq!(once.code, Some(0), "{once:?}");
    // Killed with an event on its way.
    receiver.misbehave(ReceiverFault::Stall);
    let attempts = receiver.deliveries().len();
    let syncer = syncer.restart();
    receiver.wait_for_deliveries(attempts + 1, DEADLINE).await;
    setup.publish(13).await;
    syncer.signal(Signal::KILL);
    syncer.wait_exit(DEADLINE).await;
    receiver.misbehave(ReceiverFault::None);
    let _syncer = syncer.restart();
    testkit::eventually(DEADLINE, async || {
        let accepted = versions(&receiver.accepted());
        if accepted == [1, 2, 3, 4] {
            return Ok(());
        }
        Err(format!("{accepted:?}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncers_deliver_each_event_once_over_sqlite() {
    two_syncers_deliver_once(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncers_deliver_each_event_once_over_mongodb() {
    two_syncers_deliver_once(Store::mongodb().await).await;
}

async fn two_syncers_deliver_once(store: Store) {
    let receiver = WebhookReceiver::start().await;
    let setup = Setup::new(store, &[&receiver]).await;
    let _both = [setup.start("syncer"), setup.start("syncer")];
    receiver.wait_for_type("version.published", DEADLINE).await;
    for number in 11..=15 {
        setup.publish(number).await;
    }
    receiver.wait_for_deliveries(6, DEADLINE).await;
    assert_eq!(versions(&receiver.deliveries()), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_receiver_delays_no_other_one_no_sync_and_no_shutdown() {
    let (dead, well) = (
        WebhookReceiver::start().await,
        WebhookReceiver::start().await,
    );
    dead.misbehave(ReceiverFault::Stall);
    let setup = Setup::new(Store::sqlite(), &[&dead, &well]).await;
    for program in ["syncer", "pyflix"] {
        let mut envs = setup.envs();
        envs.push(("PYFLIX_LISTEN", "127.0.0.1:0".into()));
        let envs: Vec<_> = envs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let (before, attempts) = (well.accepted().len(), dead.deliveries().len());
        setup
            .source
            .add_film(film(20 + u32::try_from(before).unwrap()));
        let service = Service::start(program, &envs, &[]);
        dead.wait_for_deliveries(attempts + 1, DEADLINE).await;
        well.wait_for_deliveries(before + 1, DEADLINE).await;
        setup.publish(30 + u32::try_from(before).unwrap()).await;
        well.wait_for_deliveries(before + 2, DEADLINE).await;
        // A delivery that a shutdown interrupts before it is saved is made again.
        setup.wait_until_delivered().await;
        let started = Instant::now();
        service.signal(Signal::TERM);
        let status = service.wait_exit(DEADLINE).await;
        assert!(started.elapsed() < SHUTDOWN_LIMIT, "{program}");
        assert_eq!(status.code(), Some(0), "{program}");
    }
    assert_eq!(versions(&well.accepted()), [1, 2, 3, 4]);
}

#[tokio::test]
async fn once_delivers_the_event_of_its_version_before_it_ends() {
    let receiver = WebhookReceiver::start().await;
    let setup = Setup::new(Store::sqlite(), &[&receiver]).await;
    let once = setup.command(&["once"]).await;
    assert_eq!(once.code, Some(0), "{once:?}");
    assert_eq!(versions(&receiver.accepted()), [1]);
    receiver.misbehave(ReceiverFault::Status(500));
    setup.source.add_film(film(1));
    let once = setup.command(&["once"]).await;
    assert_eq!(once.code, Some(0), "{once:?}");
    assert!(
        once.stderr.contains("cannot deliver version.published")
            && once.stderr.contains("127.0.0.1"),
        "{once:?}"
    );
}
