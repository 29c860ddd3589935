use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use common::models::{Catalogue, Facts, Item, Kind, SourceRecord, Vehicle};
use common::repository::Snapshot;
use http_body_util::BodyExt as _;
use serde_json::json;
use serde_json::value::RawValue;
use tower::ServiceExt as _;

use crate::app_state::AppState;
use crate::http::blocking::LONG;
use crate::middleware::RequestLimits;
use crate::routes::app;
use crate::state::RecordIndex;
use crate::state::{Indexes, Site};

/// More records than a short scan covers.
const MANY: usize = 5_000;

const QUERIES: [&str; 15] = [
    "vehicle_class=Boat&_limit=3",
    "vehicle_class=boat&_limit=3",
    "vehicle_class=Boat&name=V7&name=V8&name=V%209",
    "name=v7",
    "name=V7&_limit=1",
    "id=12&id=4999&id=nobody",
    "length_gte=40&_sort=length&_order=DESC&_limit=5",
    "_sort=vehicle_class&_start=1000&_limit=4",
    "vehicle_class.length=4&limit=2",
    "nothing=1&_limit=1",
    "name_like=^v1.$&_sort=name",
    "_sort=name&_order=DESC&_start=2400&_limit=7",
    "vehicle_class_ne=Boat&_sort=name&_start=1000&_limit=7",
    "q=v24&_page=2&_limit=3",
    // Only the last record has the field.
    "odd=1&limit=1.5",
];

#[tokio::test]
async fn responses_are_the_same_with_and_without_a_record_index() {
    let mut catalogue: Catalogue = (0..MANY)
        .map(|place| Arc::new(vehicle(place, "")))
        .collect();
    let mut site = site(&catalogue);
    let before = responses(&site).await;
    site.indexes.records.build(&catalogue, |_, _| true);
    assert!(site.indexes.records.fields(Kind::Vehicle).is_some());
    assert_eq!(responses(&site).await, before);

    let mut changed = catalogue.clone();
    for place in [7, 9, 40, 41] {
        changed.insert(&vehicle(place, " changed"));
    }
    changed.remove(Kind::Vehicle, "12");
    changed.insert(&vehicle(MANY, ""));
    let changes = catalogue.changes_to(&changed);
    let changes: Vec<_> = changes.iter().collect();
    let mut indexes = site.indexes.clone();
    catalogue.apply(&changes);
    indexes.apply(&changes, &catalogue);
    site = site_with(&catalogue, indexes);
    assert!(
        site.indexes.records.fields(Kind::Vehicle).is_some(),
        "fields stay indexed"
    );
    assert!(
        site.indexes.records.titles(Kind::Vehicle).is_some(),
        "titles stay indexed"
    );
    let updated = responses(&site).await;
    assert_ne!(updated, before);
    assert_eq!(updated, responses(&self::site(&catalogue)).await);
}

#[test]
fn an_index_that_is_no_longer_wanted_is_not_built() {
    let catalogue: Catalogue = (0..MANY)
        .map(|place| Arc::new(vehicle(place, "")))
        .collect();
    let records = RecordIndex::default();
    let records_read = std::cell::Cell::new(0);
    records.build(&catalogue, |_, _| {
        records_read.set(records_read.get() + 1);
        records_read.get() < 10
    });
    assert!(records.fields(Kind::Vehicle).is_none());
    assert_eq!(records_read.get(), 10);
}

#[tokio::test]
async fn a_long_scan_waits_for_a_permit_and_a_short_one_does_not() {
    let catalogue: Catalogue = (0..MANY)
        .map(|place| Arc::new(vehicle(place, "")))
        .collect();
    let site = site(&catalogue);
    let permit = LONG.acquire().await.unwrap();
    let mut long = std::pin::pin!(response(&site, "vehicle_class=Boat&_limit=1"));
    tokio::select! {
        biased;
        _ = &mut long => panic!("it did not wait"),
        (head, _) = response(&site, "name=V7") => assert!(head.contains("200"), "{head}"),
    }
    drop(permit);
    let (head, _) = long.await;
    assert!(head.contains("200"), "{head}");
}

async fn responses(site: &Site) -> Vec<(String, String)> {
    let mut responses = Vec::new();
    for query in QUERIES {
        responses.push(response(site, query).await);
    }
    responses
}

async fn response(site: &Site, query: &str) -> (String, String) {
    let state = AppState::default().with_site(Site {
        cache: Arc::default(),
        ..site.clone()
    });
    let app = app(state, RequestLimits::default());
    let request = Request::get(format!("/ghibli/vehicles?{query}"))
        .header("host", "here")
        .body(Body::empty());
    let response: Response = app.clone().oneshot(request.unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let total = parts.headers.get("x-total-count");
    let head = format!("{query}: {} {total:?}", parts.status);
    let body = body.collect().await.unwrap().to_bytes();
    (head, String::from_utf8(body.to_vec()).unwrap())
}

fn site(catalogue: &Catalogue) -> Site {
    site_with(catalogue, Indexes::new(catalogue))
}

fn site_with(catalogue: &Catalogue, indexes: Indexes) -> Site {
    let seed = Site::built_in();
    Site {
        indexes,
        snapshot: Arc::new(Snapshot {
            catalogue: catalogue.clone(),
            ..(*seed.snapshot).clone()
        }),
        ..seed
    }
}

fn vehicle(place: usize, suffix: &str) -> Item {
    let name = format!("V{place}{suffix}");
    let class = ["Boat", "Airship", "Boat, small"][place % 3];
    // Some records have a trailing space that the item's name does not have.
    let padding = if place % 1_000 == 9 { " " } else { "" };
    let mut record = json!({
        "id": place.to_string(),
        "name": format!("{name}{padding}"),
        "vehicle_class": class,
        "length": (place % 50).to_string(),
    });
    if place == MANY - 1 {
        record["odd"] = json!("yes");
    }
    Item {
        id: place.to_string().into(),
        slug: format!("v{place}").into(),
        rank: i64::try_from(place).unwrap(),
        facts: Facts::Vehicle(Vehicle {
            name,
            vehicle_class: Some(class.to_owned()),
            ..Vehicle::default()
        }),
        source: SourceRecord::new(RawValue::from_string(record.to_string()).unwrap()),
    }
}
