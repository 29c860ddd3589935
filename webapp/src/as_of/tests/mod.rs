mod limits;
mod marks;
mod requests;
mod same_as_then;

use std::sync::Arc;

use catalogue_index::History;
use common::models::{
    Catalogue, Change, Facts, Item, Kind, Location, Movie, Person, SourceRecord, Species, Vehicle,
};
use common::repository::Snapshot;
use http::header::{ACCEPT_ENCODING, HOST};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::value::RawValue;
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

use crate::app_state::AppState;
use crate::events::encode;
use crate::fixture;
use crate::http::PublicUrl;
use crate::middleware::RequestLimits;
use crate::state::{CurrentSite, Indexes, Site};

const LINEAGE: &str = "l";

/// A server that publishes to itself, from version 1 on.
struct Server {
    current: CurrentSite,
    app: BoxCloneSyncService<
        axum::extract::Request,
        axum::response::Response,
        std::convert::Infallible,
    >,
}

#[derive(Debug, PartialEq)]
struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Server {
    fn start(items: impl IntoIterator<Item = Arc<Item>>) -> Self {
        Self::start_at(items, PublicUrl::default())
    }

    fn start_at(items: impl IntoIterator<Item = Arc<Item>>, public_url: PublicUrl) -> Self {
        let catalogue: Catalogue = items.into_iter().collect();
        let snapshot = snapshot(1, catalogue, &[]);
        let history = History::from(&snapshot);
        let indexes = Indexes::new(&snapshot.catalogue);
        Self::of(AppState {
            current: CurrentSite::new(Site::of(snapshot, indexes, history)),
            public_url,
            ..AppState::default()
        })
    }

    fn of(state: AppState) -> Self {
        Self {
            current: state.current.clone(),
            app: BoxCloneSyncService::new(crate::routes::app(state, RequestLimits::default())),
        }
    }

    fn site(&self) -> Arc<Site> {
        self.current.load().unwrap()
    }

    /// Publishes a version as the follower shows it.
    fn publish(&self, changes: Vec<Change>) -> u64 {
        let before = self.site();
        let mut catalogue = before.snapshot.catalogue.clone();
        catalogue.apply(&changes);
        let mut indexes = before.indexes.clone();
        indexes.apply(&changes, &catalogue);
        let snapshot = snapshot(before.version() + 1, catalogue, &changes);
        let history = before.history.clone();
        let history = history.with_version(&snapshot, Some(changes), encode::version);
        self.current.replace(Site::of(snapshot, indexes, history));
        before.version() + 1
    }

    /// The change to an item, if it differs.
    fn change_to(&self, kind: Kind, id: &str, after: Option<Arc<Item>>) -> Option<Change> {
        let before = self.site().snapshot.catalogue.get(kind, id);
        (before != after).then(|| Change::of(before, after))?
    }

    async fn get(&self, address: &str) -> TestResponse {
        self.send(Method::GET, address, &[]).await
    }

    async fn send(
        &self,
        method: Method,
        address: &str,
        fields: &[(HeaderName, &str)],
    ) -> TestResponse {
        let mut request = http::Request::builder().method(method).uri(address);
        request = request.header(HOST, "here");
        if !fields.iter().any(|(name, _)| name == ACCEPT_ENCODING) {
            request = request.header(ACCEPT_ENCODING, "identity");
        }
        for (name, value) in fields {
            request = request.header(name, *value);
        }
        let request = request.body(axum::body::Body::empty()).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

/// A server at version 3: movie 0 changed in version 2 and was removed in version 3.
fn server() -> Server {
    server_at(PublicUrl::default())
}

fn server_at(public_url: PublicUrl) -> Server {
    let items = Kind::ALL
        .into_iter()
        .flat_map(|kind| (0..3).map(move |id| item(kind, id, id)));
    let server = Server::start_at(items, public_url);
    let edit = |after| {
        server.publish(
            server
                .change_to(Kind::Movie, "0", after)
                .into_iter()
                .collect(),
        )
    };
    edit(Some(item(Kind::Movie, 0, 4)));
    edit(None);
    server
}

impl TestResponse {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

fn snapshot(version: u64, catalogue: Catalogue, changes: &[Change]) -> Snapshot {
    let mut snapshot = fixture::snapshot(LINEAGE, version, changes);
    snapshot.catalogue = catalogue;
    let days = i64::try_from(version).unwrap();
    snapshot.header.at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days);
    snapshot
}

/// An item whose values depend on `variant`, with links to other items of [`item`], there or not.
fn item(kind: Kind, id: usize, variant: usize) -> Arc<Item> {
    let one_of = |values: &[&str]| values[(id + variant) % values.len()].to_owned();
    let id_of = |other: usize| ((id + other * variant) % 3).to_string().into();
    let name = format!(
        "{} {}",
        one_of(&["Amber", "Blue", "Café", "雪"]),
        ["Ferry", "Owl", "Tower"][variant % 3]
    );
    let facts = match kind {
        Kind::Movie => Facts::Movie(Movie {
            title: name.clone(),
            original_title: variant.is_multiple_of(2).then(|| "灯籠の渡し船".into()),
            description: Some(format!(
                "A {} of number {variant}.",
                one_of(&["tale", "song"])
            )),
            director: Some(one_of(&["Ann Lee", "Bo Ek", "Ann Lee, Cy Dee"])),
            producer: (!variant.is_multiple_of(4)).then(|| one_of(&["Bo Ek", "Di Fo"])),
            release_year: (!variant.is_multiple_of(5))
                .then(|| u16::try_from(1980 + variant * 3).unwrap()),
            score_percent: u8::try_from(variant * 7 % 100).ok(),
            people: vec![id_of(1), id_of(2)],
            locations: vec![id_of(1)],
            vehicles: vec![id_of(2)],
            ..Movie::default()
        }),
        Kind::Person => Facts::Person(Person {
            name: name.clone(),
            gender: Some(one_of(&["Female", "Male"])),
            species: Some(id_of(1)),
            ..Person::default()
        }),
        Kind::Location => Facts::Location(Location {
            name: name.clone(),
            climate: Some(one_of(&["Wet", "Dry"])),
            residents: vec![id_of(2)],
            ..Location::default()
        }),
        Kind::Species => Facts::Species(Species {
            name: if id == 0 {
                "Human".into()
            } else {
                name.clone()
            },
            classification: Some(one_of(&["Mammal", "Spirit"])),
            ..Species::default()
        }),
        Kind::Vehicle => Facts::Vehicle(Vehicle {
            name: name.clone(),
            length_feet: Some(f64::from(u32::try_from(variant).unwrap())),
            pilot: Some(id_of(1)),
            ..Vehicle::default()
        }),
    };
    let (title, collection) = match kind {
        Kind::Movie => ("title", "films"),
        other => ("name", other.plural()),
    };
    let url = format!("/{collection}/{id}");
    let record = serde_json::json!({"id": id.to_string(), title: name, "url": url});
    Arc::new(Item {
        id: id.to_string().into(),
        slug: format!("{kind}-{id}-{}", variant % 2).into(),
        rank: i64::try_from(variant * 10 + id).unwrap(),
        facts,
        source: SourceRecord::new(RawValue::from_string(record.to_string()).unwrap()),
    })
}
