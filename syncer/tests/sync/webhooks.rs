//! Deliveries of events: back-off, faults of receivers, and several syncers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::clock::Clock;
use common::config::Webhook;
use common::repository::Table;
use jiff::Timestamp;
use syncer::webhooks::Webhooks;
use testkit::source::film;
use testkit::webhook_receiver::{ReceiverFault, WebhookReceiver};
use tokio_util::sync::CancellationToken;

use crate::scene::{Scene, Store};

/// More than the jitter of a wait.
const JITTER: f64 = 1.1;

/// A syncer whose versions are events, and a receiver of them.
struct Deliveries {
    scene: Scene,
    receiver: WebhookReceiver,
    clock: Clock,
    milliseconds: Arc<AtomicU64>,
    webhooks: Webhooks,
}

impl Deliveries {
    async fn over(store: Store) -> Self {
        let scene = Scene::new(store).await;
        let receiver = WebhookReceiver::start().await;
        let milliseconds = Arc::<AtomicU64>::default();
        let clock = Clock::from_fn({
            let (milliseconds, started) = (Arc::clone(&milliseconds), now());
            move || started + Duration::from_millis(milliseconds.load(Ordering::SeqCst))
        });
        let webhooks = webhooks(&scene, &[&receiver.url()], &clock);
        let deliveries = Self {
            scene,
            receiver,
            clock,
            milliseconds,
            webhooks,
        };
        deliveries.flush().await;
        deliveries
    }

    /// Publishes a version.
    async fn publish(&mut self, number: u32) {
        self.scene.source.add_film(film(number));
        self.scene.sync().await;
    }

    async fn flush(&self) {
        self.webhooks.flush(&CancellationToken::new()).await;
    }

    fn wait(&self, duration: Duration) {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap();
        self.milliseconds.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// The versions in the accepted requests.
    fn accepted(&self) -> Vec<u64> {
        let accepted = self.receiver.accepted();
        let version = |body: serde_json::Value| body["data"]["version"].as_u64().unwrap();
        accepted.iter().map(|one| version(one.json())).collect()
    }

    fn attempts(&self) -> usize {
        self.receiver.deliveries().len()
    }
}

fn now() -> Timestamp {
    Clock::system().now()
}

fn webhooks(scene: &Scene, urls: &[&str], clock: &Clock) -> Webhooks {
    let webhook = |url: &&str| Webhook {
        url: url.parse().unwrap(),
        secret: vec![7; 24].into(),
    };
    let webhooks: Vec<_> = urls.iter().map(webhook).collect();
    Webhooks::new(scene.repository().clone(), &webhooks, clock.clone()).unwrap()
}

pub(crate) async fn back_off(store: Store) {
    let mut deliveries = Deliveries::over(store).await;
    deliveries.receiver.misbehave(ReceiverFault::Status(503));
    for version in 1..=3 {
        deliveries.publish(version).await;
    }
    for _ in 0..60 {
        deliveries.flush().await;
        deliveries.wait(Duration::from_secs(1));
    }
    // After 0, 1, 3, 7, 15 and 31 seconds and some jitter.
    assert_eq!(deliveries.attempts(), 6);
    deliveries.receiver.misbehave(ReceiverFault::None);
    deliveries.wait(Duration::from_secs(32).mul_f64(JITTER));
    // Of a process that has just started.
    deliveries.webhooks = webhooks(
        &deliveries.scene,
        &[&deliveries.receiver.url()],
        &deliveries.clock,
    );
    deliveries.flush().await;
    assert_eq!(deliveries.accepted(), [1, 2, 3]);
    deliveries.flush().await;
    assert_eq!(deliveries.attempts(), 9);
}

pub(crate) async fn retry_after(store: Store) {
    let mut deliveries = Deliveries::over(store).await;
    deliveries.receiver.misbehave(ReceiverFault::RetryAfter(90));
    deliveries.publish(1).await;
    deliveries.flush().await;
    deliveries.receiver.misbehave(ReceiverFault::None);
    deliveries.wait(Duration::from_secs(89));
    deliveries.flush().await;
    assert_eq!(deliveries.attempts(), 1);
    deliveries.wait(Duration::from_secs(90).mul_f64(JITTER - 1.0) + Duration::from_secs(1));
    deliveries.flush().await;
    assert_eq!(deliveries.accepted(), [1]);
}

pub(crate) async fn three_days(store: Store) {
    let mut deliveries = Deliveries::over(store).await;
    deliveries.receiver.misbehave(ReceiverFault::Status(500));
    deliveries.publish(1).await;
    deliveries.flush().await;
    deliveries.receiver.misbehave(ReceiverFault::None);
    deliveries.wait(Duration::from_hours(3 * 24) + Duration::from_mins(1));
    deliveries.flush().await;
    assert_eq!(deliveries.accepted(), [0; 0]);
    let rows = deliveries.scene.repository().store();
    let rows = rows.rows(Table::Webhooks, None).await;
    assert_eq!(rows.unwrap()[0].fields["dropped"], 1);
}

pub(crate) async fn claim(store: Store) {
    let mut deliveries = Deliveries::over(store).await;
    deliveries.receiver.misbehave(ReceiverFault::Stall);
    deliveries.publish(1).await;
    let other = webhooks(
        &deliveries.scene,
        &[&deliveries.receiver.url()],
        &deliveries.clock,
    );
    let never = CancellationToken::new();
    tokio::select! {
        () = deliveries.flush() => panic!("it stalls"),
        () = deliveries.receiver.wait_for_deliveries(1, Duration::from_secs(60)) => {}
    }
    // As after a kill: the attempt has not ended.
    deliveries.receiver.misbehave(ReceiverFault::None);
    other.flush(&never).await;
    assert_eq!(deliveries.attempts(), 1, "the other one leaves it alone");
    deliveries.wait(Duration::from_secs(16));
    other.flush(&never).await;
    assert_eq!(deliveries.accepted(), [1]);
    let ids = deliveries.receiver.deliveries();
    assert_eq!(ids[0].header("webhook-id"), ids[1].header("webhook-id"));
}

pub(crate) async fn new_webhook(store: Store) {
    let mut deliveries = Deliveries::over(store).await;
    deliveries.publish(1).await;
    deliveries.flush().await;
    let another = WebhookReceiver::start().await;
    let (old, new) = (deliveries.receiver.url(), another.url());
    deliveries.webhooks = webhooks(&deliveries.scene, &[&old, &new], &deliveries.clock);
    deliveries.flush().await;
    assert_eq!(another.deliveries().len(), 0);
    deliveries.publish(2).await;
    deliveries.flush().await;
    assert_eq!(deliveries.accepted(), [1, 2]);
    assert_eq!(another.accepted().len(), 1);
}

pub(crate) async fn other_clock(store: Store) {
    let mut deliveries = Deliveries::over(store).await;
    deliveries.publish(1).await;
    for (version, hours) in [(2, -3), (3, 3)] {
        let another = WebhookReceiver::start().await;
        let shifted = now() + jiff::SignedDuration::from_hours(hours);
        let clock = Clock::from_fn(move || shifted);
        let webhooks = webhooks(&deliveries.scene, &[&another.url()], &clock);
        let never = CancellationToken::new();
        webhooks.register_new(&never).await;
        deliveries.publish(version).await;
        webhooks.flush(&never).await;
        let accepted = another.accepted();
        assert_eq!(accepted.len(), 1, "{hours} h");
        assert_eq!(accepted[0].json()["data"]["version"], version, "{hours} h");
    }
}

pub(crate) async fn lost_row(store: Store) {
    let mut deliveries = Deliveries::over(store).await;
    deliveries.publish(1).await;
    deliveries.flush().await;
    let rows = deliveries.scene.repository().store().clone();
    rows.trim(Table::Webhooks, 0).await.unwrap();
    deliveries.publish(2).await;
    deliveries.flush().await;
    assert_eq!(deliveries.accepted(), [1, 1, 2]);
}

pub(crate) async fn unreadable_row(store: Store) {
    let mut deliveries = Deliveries::over(store).await;
    deliveries.publish(1).await;
    deliveries.flush().await;
    let rows = deliveries.scene.repository().store().clone();
    let mut row = rows.rows(Table::Webhooks, None).await.unwrap().remove(0);
    row.fields.insert("revision".into(), 900.into());
    row.fields.insert("delivered".into(), "none".into());
    rows.write_if_newer(Table::Webhooks, row, 900)
        .await
        .unwrap();
    deliveries.publish(2).await;
    deliveries.flush().await;
    // The first one again: at least once.
    assert_eq!(deliveries.accepted(), [1, 1, 2]);
    deliveries.publish(3).await;
    deliveries.flush().await;
    assert_eq!(deliveries.accepted(), [1, 1, 2, 3]);
}

pub(crate) async fn unreadable_event(store: Store) {
    let mut deliveries = Deliveries::over(store).await;
    deliveries.publish(1).await;
    deliveries.flush().await;
    for version in 2..=4 {
        deliveries.publish(version).await;
    }
    let repository = deliveries.scene.repository();
    let rows = repository.store();
    let mut events = rows.rows(Table::Events, None).await.unwrap();
    let mut row = events.remove(events.len() - 2);
    row.fields.clear();
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let fence = lease.head().fence;
    rows.write_rows(fence, Table::Events, vec![row], Vec::new())
        .await
        .unwrap();
    lease.release(None).await.unwrap();
    deliveries.flush().await;
    assert_eq!(deliveries.accepted(), [1, 2, 4]);
    let row = rows.rows(Table::Webhooks, None).await.unwrap().remove(0);
    assert_eq!(row.fields["dropped"], 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_does_not_accept_the_event() {
    let mut deliveries = Deliveries::over(Store::sqlite()).await;
    let elsewhere = WebhookReceiver::start().await;
    let redirect = ReceiverFault::RedirectTo(elsewhere.url());
    deliveries.receiver.misbehave(redirect);
    deliveries.publish(1).await;
    deliveries.flush().await;
    assert_eq!(deliveries.attempts(), 1);
    assert_eq!(elsewhere.deliveries().len(), 0);
    deliveries.receiver.misbehave(ReceiverFault::None);
    deliveries.wait(Duration::from_secs(2));
    deliveries.flush().await;
    assert_eq!(deliveries.accepted(), [1]);
}

#[tokio::test]
async fn an_endless_response_is_cut_and_its_status_counts() {
    let mut deliveries = Deliveries::over(Store::sqlite()).await;
    deliveries.receiver.misbehave(ReceiverFault::EndlessBody);
    deliveries.publish(1).await;
    deliveries.publish(2).await;
    deliveries.flush().await;
    assert_eq!(deliveries.accepted(), [1, 2]);
    // The buffers of two connections take more than is read.
    let sent = deliveries.receiver.sent_bytes();
    assert!(sent < 32 << 20, "{sent} bytes");
}

#[tokio::test]
async fn a_receiver_that_never_responds_is_given_up_after_ten_seconds() {
    let mut deliveries = Deliveries::over(Store::sqlite()).await;
    deliveries.receiver.misbehave(ReceiverFault::Stall);
    deliveries.publish(1).await;
    let started = tokio::time::Instant::now();
    deliveries.flush().await;
    let elapsed = started.elapsed();
    let limit = Duration::from_secs(10);
    assert!((limit..limit * 2).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn a_shutdown_ends_an_attempt_at_once_and_the_next_process_need_not_wait() {
    let mut deliveries = Deliveries::over(Store::sqlite()).await;
    deliveries.receiver.misbehave(ReceiverFault::Stall);
    deliveries.publish(1).await;
    let shutdown = CancellationToken::new();
    tokio::join!(deliveries.webhooks.run(&shutdown), async {
        let deadline = Duration::from_secs(60);
        deliveries.receiver.wait_for_deliveries(1, deadline).await;
        shutdown.cancel();
    });
    deliveries.receiver.misbehave(ReceiverFault::None);
    deliveries.flush().await;
    assert_eq!(deliveries.accepted(), [1]);
}
