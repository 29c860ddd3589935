use common::models::{Event, EventData, Outcome, Run};
use common::repository::{Delivery, LoggedEvent, Origin, Repository, Row, SyncEnd, Table};
use mongodb::bson::Document;

use crate::fixture::{Fixture, catalogue, movie, publish, publish_in, with};
use crate::history::run;

/// Rows that the log keeps.
const MAX_EVENTS: u64 = 1_000;

async fn log(store: &Fixture) -> Vec<LoggedEvent> {
    store.open().await.events().await.unwrap()
}

async fn types(store: &Fixture) -> Vec<&'static str> {
    let events = log(store).await.into_iter().filter_map(|row| row.event);
    events.map(|event| event.data.type_name()).collect()
}

pub(crate) async fn each_version_is_logged_once_and_numbered(store: &Fixture) {
    let first = store.publish(&catalogue(3, 1)).await;
    let second = store.publish(&with(&catalogue(3, 1), movie(0, 2))).await;
    store.open().await.try_acquire(None).await.unwrap().unwrap();
    let log = log(store).await;
    let numbers: Vec<_> = log.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!(log[0].event, None, "a log begins without an event");
    for (row, published) in log[1..].iter().zip([first, second]) {
        let data = EventData::VersionPublished {
            version: published.version(),
            lineage: published.lineage.to_string(),
            changes: published.header.changes,
            note: None,
        };
        let timestamp = published.header.at;
        assert_eq!(row.event, Some(Event { data, timestamp }));
        assert!(row.id.starts_with(&*published.lineage), "{}", row.id);
        assert!(!row.id.contains('.'), "{}", row.id);
    }
    assert_ne!(log[1].id, log[2].id);
}

pub(crate) async fn a_store_of_an_earlier_release_gets_a_log_without_earlier_versions(
    store: &Fixture,
) {
    store.publish(&catalogue(3, 1)).await;
    match store.sqlite_by_hand() {
        Some(hand) => hand
            .execute_batch("DROP TABLE events; DROP TABLE webhooks; PRAGMA user_version = 1")
            .unwrap(),
        None => {
            let events = store.mongo().await.collection::<Document>("events");
            events.drop().await.unwrap();
        }
    }
    store.publish(&with(&catalogue(3, 1), movie(0, 2))).await;
    assert_eq!(types(store).await, ["version.published"]);
    let state = store.load().await.unwrap();
    assert_eq!(state.version(), 2);
}

pub(crate) async fn a_version_whose_publisher_died_after_the_commit_is_logged_by_the_next_lease(
    store: &Fixture,
) {
    let state = store.publish(&catalogue(3, 1)).await;
    let mut dying = store.open().await.try_acquire(None).await.unwrap().unwrap();
    let changes = state
        .catalogue
        .changes_to(&with(&catalogue(3, 1), movie(0, 2)));
    let published = dying.publish(Some(&state), &changes, None, None).await;
    assert!(published.unwrap().is_some());
    drop(dying);
    assert_eq!(types(store).await, ["version.published"]);
    store.expire_the_lease().await;
    let repository = store.open().await;
    for _ in 0..2 {
        let lease = repository.try_acquire(None).await.unwrap().unwrap();
        assert_eq!(types(store).await, ["version.published"; 2]);
        lease.release(None).await.unwrap();
    }
    assert_eq!(types(store).await, ["version.published"; 2]);
}

/// Records a run and releases the lease as it ended.
async fn end(repository: &Repository, outcome: Outcome, fingerprint: Option<&str>) {
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let run = Run {
        fingerprint: fingerprint.map(str::to_owned),
        ..run(&lease, outcome)
    };
    lease.record(&run).await.unwrap();
    let end = match outcome {
        Outcome::Failed => SyncEnd::Failed,
        _ => SyncEnd::Responded,
    };
    lease.release(Some(end)).await.unwrap();
}

pub(crate) async fn each_outage_and_each_held_delta_is_logged_once(store: &Fixture) {
    let repository = store.open().await;
    for _ in 0..2 {
        end(&repository, Outcome::Failed, None).await;
    }
    end(&repository, Outcome::Held, Some("a")).await;
    end(&repository, Outcome::Held, Some("a")).await;
    // A failed run leaves a held one as it is.
    end(&repository, Outcome::Failed, None).await;
    end(&repository, Outcome::Held, Some("a")).await;
    end(&repository, Outcome::Held, Some("b")).await;
    for _ in 0..2 {
        end(&repository, Outcome::Unchanged, None).await;
    }
    assert_eq!(
        types(store).await,
        [
            "source.unavailable",
            "source.recovered",
            "sync.held",
            "source.unavailable",
            "source.recovered",
            "sync.held",
            "sync.released",
        ]
    );
    let log = log(store).await;
    let Some(EventData::SourceUnavailable { reason, .. }) = data(&log[1]) else {
        panic!("{:?}", log[1]);
    };
    assert_eq!(reason.as_deref(), Some("it said \"no\""));
    let Some(EventData::SourceRecovered {
        unavailable_since, ..
    }) = data(&log[2])
    else {
        panic!("{:?}", log[2]);
    };
    let unavailable = log[1].event.as_ref().unwrap();
    assert_eq!(*unavailable_since, unavailable.timestamp);
}

fn data(logged: &LoggedEvent) -> Option<&EventData> {
    logged.event.as_ref().map(|event| &event.data)
}

pub(crate) async fn a_publisher_that_died_before_its_release_does_not_end_an_outage(
    store: &Fixture,
) {
    let repository = store.open().await;
    end(&repository, Outcome::Failed, None).await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    lease.handle().release().await;
    end(&repository, Outcome::Failed, None).await;
    assert_eq!(types(store).await, ["source.unavailable"]);
}

pub(crate) async fn damage_is_logged_before_its_repair_and_healing_after_it(store: &Fixture) {
    store.publish(&catalogue(37, 1)).await;
    let wanted = with(&catalogue(37, 1), movie(0, 2));
    store.publish(&wanted).await;
    store.lose_the_parts("changes").await;
    let repository = store.open().await;
    for _ in 0..2 {
        let lease = repository.try_acquire(None).await.unwrap().unwrap();
        lease.release(None).await.unwrap();
    }
    publish(&repository, &wanted).await.unwrap();
    let expected = [
        "version.published",
        "version.published",
        "store.damaged",
        "version.published",
        "store.healed",
    ];
    assert_eq!(types(store).await, expected);
    publish(&repository, &wanted).await.unwrap();
    assert_eq!(types(store).await, expected);
}

pub(crate) async fn damage_that_one_run_finds_and_repairs_is_logged(store: &Fixture) {
    store.publish(&catalogue(37, 1)).await;
    let wanted = with(&catalogue(37, 1), movie(0, 2));
    store.publish(&wanted).await;
    store.damage_the_parts("changes").await;
    let lease = store.open().await.try_acquire(None).await.unwrap().unwrap();
    publish_in(lease, &wanted).await.unwrap();
    let types = types(store).await;
    assert_eq!(
        types[2..],
        ["store.damaged", "version.published", "store.healed"]
    );
}

pub(crate) async fn damage_that_a_publisher_repaired_before_it_died_is_logged(store: &Fixture) {
    store.publish(&catalogue(37, 1)).await;
    let wanted = with(&catalogue(37, 1), movie(0, 2));
    let state = store.publish(&wanted).await;
    store.damage_the_parts("changes").await;
    let mut dying = store.open().await.try_acquire(None).await.unwrap().unwrap();
    dying.verify().await.unwrap();
    let restored = dying.restore(&state, Origin::Memory).await.unwrap();
    assert!(restored.is_some());
    drop(dying);
    store.expire_the_lease().await;
    store.open().await.try_acquire(None).await.unwrap().unwrap();
    let types = types(store).await;
    assert_eq!(
        types[2..],
        ["store.damaged", "version.published", "store.healed"]
    );
}

pub(crate) async fn the_log_of_another_lineage_begins_anew_and_its_numbers_go_on(store: &Fixture) {
    store.publish(&catalogue(3, 1)).await;
    store.publish(&catalogue(3, 2)).await;
    store.change_the_lineage().await;
    store.publish(&catalogue(3, 3)).await;
    let log = log(store).await;
    let numbers: Vec<_> = log.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [2, 3]);
    assert!(log[0].event.is_none());
    assert!(log[1].id.starts_with("another-"), "{}", log[1].id);
}

pub(crate) async fn the_log_keeps_the_newest_thousand_events(store: &Fixture) {
    let repository = store.open().await;
    end(&repository, Outcome::Failed, None).await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let (fence, ledger) = (lease.head().fence, repository.store());
    let newest = ledger.rows(Table::Events, Some(1)).await.unwrap().remove(0);
    let copy = |number: u64| {
        let mut row = newest.clone();
        row.key = format!("{fence:020}/{number:020}");
        row.fields.insert("number".into(), number.into());
        row
    };
    let copies: Vec<Row> = (2..=MAX_EVENTS + 5).map(copy).collect();
    let written = ledger.write_rows(fence, Table::Events, copies, Vec::new());
    written.await.unwrap();
    lease.release(Some(SyncEnd::Responded)).await.unwrap();
    let log = log(store).await;
    assert_eq!(log.len() as u64, MAX_EVENTS);
    assert_eq!(log.last().unwrap().number, MAX_EVENTS + 6);
    assert_eq!(log[0].number, 7);
}

pub(crate) async fn an_event_whose_row_cannot_be_read_is_no_end_of_the_log(store: &Fixture) {
    for version in 1..=3 {
        store.publish(&catalogue(3, version)).await;
    }
    let repository = store.open().await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let ledger = repository.store();
    let mut newest = ledger.rows(Table::Events, Some(1)).await.unwrap();
    newest[0].fields = serde_json::Map::new();
    let fence = lease.head().fence;
    let written = ledger.write_rows(fence, Table::Events, newest, Vec::new());
    written.await.unwrap();
    lease.release(None).await.unwrap();
    let last = repository.newest_event().await.unwrap().unwrap();
    // The event is appended again, under a number of its own.
    assert_eq!(last.number, 4);
    let log = log(store).await;
    let versions: Vec<_> = log.iter().map(|row| (row.number, version(row))).collect();
    let expected = [
        (0, None),
        (1, Some(1)),
        (2, Some(2)),
        (3, None),
        (4, Some(3)),
    ];
    assert_eq!(versions, expected);
}

fn version(logged: &LoggedEvent) -> Option<u64> {
    match data(logged) {
        Some(EventData::VersionPublished { version, .. }) => Some(*version),
        _ => None,
    }
}

pub(crate) async fn of_two_syncers_that_save_a_delivery_one_is_refused(store: &Fixture) {
    let (one, other) = (store.open().await, store.open().await);
    assert_eq!(one.delivery("w").await.unwrap(), None);
    let new = Delivery {
        webhook: "w".into(),
        ..Delivery::default()
    };
    let (mut mine, mut theirs) = (new.clone(), new);
    mine.delivered = 7;
    assert!(one.save_delivery(&mut mine).await.unwrap());
    assert!(!other.save_delivery(&mut theirs).await.unwrap());

    let mut read = other.delivery("w").await.unwrap().unwrap();
    assert_eq!(read, mine);
    read.delivered = 8;
    assert!(other.save_delivery(&mut read).await.unwrap());
    assert!(!one.save_delivery(&mut mine).await.unwrap());
    let mut another = Delivery {
        webhook: "another".into(),
        ..Delivery::default()
    };
    assert!(one.save_delivery(&mut another).await.unwrap());
    assert_eq!(one.delivery("w").await.unwrap(), Some(read));
}

pub(crate) async fn a_delivery_that_cannot_be_read_is_named_and_can_be_replaced(store: &Fixture) {
    let repository = store.open().await;
    let another = Delivery {
        webhook: "another".into(),
        ..Delivery::default()
    };
    repository
        .save_delivery(&mut another.clone())
        .await
        .unwrap();
    for fields in [
        serde_json::json!({ "webhook": "w", "revision": 900, "delivered": "all" }),
        serde_json::json!({ "webhook": "w", "revision": "high", "delivered": 7 }),
        serde_json::json!({ "webhook": "w", "revision": i64::MAX - 1, "delivered": 7 }),
        serde_json::json!({}),
    ] {
        let row = Row {
            key: "w".into(),
            fields: fields.as_object().unwrap().clone(),
        };
        let rows = repository.store();
        let revision = i64::MAX.cast_unsigned();
        let written = rows.write_if_newer(Table::Webhooks, row, revision).await;
        assert!(written.unwrap(), "{fields}");
        let error = repository.delivery("w").await.unwrap_err().to_string();
        assert!(error.starts_with("webhooks/w cannot be read: "), "{error}");
        let found = repository.verify().await.unwrap().defects;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].damage.name, "webhooks/w");
        let other = repository.delivery("another").await.unwrap();
        assert!(other.is_some(), "{fields}");

        let mut replaced = repository.reset_delivery("w").await.unwrap();
        assert_eq!(replaced.delivered, 0);
        let read = repository.delivery("w").await.unwrap();
        assert_eq!(read.as_ref(), Some(&replaced), "{fields}");
        assert!(repository.save_delivery(&mut replaced).await.unwrap());
    }
}
