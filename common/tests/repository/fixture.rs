use std::sync::Arc;
use std::time::Duration;

use common::clock::Clock;
use common::config::Database;
use common::models::{Catalogue, Changes, Facts, Item, Kind, Movie, Person, SourceRecord, Species};
use common::repository::{
    Access, FollowEvent, Follower, LeaseGuard, Origin, PartName, Repair, Repository, Snapshot,
    StoreError, SyncEnd,
};
use testkit::mongo::{Mongo, fresh_database};
use tokio::sync::OnceCell;

/// A fresh store, which any number of repositories open as processes of their own would.
pub(crate) struct Fixture {
    database: Database,
    client: OnceCell<mongodb::Client>,
    _folder: Option<tempfile::TempDir>,
}

/// The head as it is stored, to be put back.
pub(crate) enum SavedHead {
    Sqlite(String),
    MongoDb(mongodb::bson::Document),
}

impl Fixture {
    pub(crate) fn sqlite() -> Self {
        Self::sqlite_in(tempfile::tempdir().unwrap())
    }

    /// Where files can be kept in memory, so that many short cases need not wait for a disk.
    fn in_memory() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self::sqlite_in(folder.unwrap())
    }

    fn sqlite_in(folder: tempfile::TempDir) -> Self {
        Self {
            database: Database::Sqlite(folder.path().join("pyflix.db")),
            client: OnceCell::new(),
            _folder: Some(folder),
        }
    }

    pub(crate) async fn mongodb() -> Self {
        let url = Mongo::replica_set().await.url(&fresh_database());
        Self {
            database: Database::MongoDb(url.into()),
            client: OnceCell::new(),
            _folder: None,
        }
    }

    /// Another store of the same kind.
    pub(crate) async fn fresh(&self) -> Self {
        match self.database {
            Database::Sqlite(_) => Self::in_memory(),
            Database::MongoDb(_) => Self::mongodb().await,
        }
    }

    /// A connection of one's own to the file; none on MongoDB.
    pub(crate) fn sqlite_by_hand(&self) -> Option<rusqlite::Connection> {
        match &self.database {
            Database::Sqlite(path) => Some(rusqlite::Connection::open(path).unwrap()),
            Database::MongoDb(_) => None,
        }
    }

    pub(crate) fn is_mongodb(&self) -> bool {
        matches!(self.database, Database::MongoDb(_))
    }

    pub(crate) async fn open(&self) -> Repository {
        self.open_at(Clock::system()).await
    }

    /// Opens it with a clock of one's own, to which only SQLite listens.
    pub(crate) async fn open_at(&self, clock: Clock) -> Repository {
        Repository::open(&self.database, Access::Writer, clock)
            .await
            .unwrap()
    }

    /// Publishes a wanted state in a lease of its own.
    pub(crate) async fn publish(&self, wanted: &Catalogue) -> Snapshot {
        publish(&self.open().await, wanted).await.unwrap().unwrap()
    }

    pub(crate) async fn load(&self) -> Option<Snapshot> {
        self.open().await.load().await.unwrap()
    }

    /// Lets the lease of whoever has it be over now, as if six seconds had passed.
    pub(crate) async fn let_the_lease_pass(&self) {
        self.end_the_lease_at(jiff::Timestamp::UNIX_EPOCH).await;
    }

    /// Lets the lease of whoever has it end at this time.
    pub(crate) async fn end_the_lease_at(&self, end: jiff::Timestamp) {
        let text = end.to_string();
        let end = mongodb::bson::DateTime::from_millis(end.as_millisecond());
        self.edit_head(
            &format!("UPDATE state SET head = json_set(head, '$.lease.expires', '{text}') WHERE json_extract(head, '$.lease') IS NOT NULL"),
            mongodb::bson::doc! { "$set": { "lease.expires": end } },
            mongodb::bson::doc! { "lease": { "$type": "object" } },
        )
        .await;
    }

    pub(crate) async fn let_the_last_run_have_ended_in_a_year(&self) {
        let now = self.open().await.store().head().await.unwrap().unwrap().now;
        let at = now + Duration::from_hours(365 * 24);
        self.edit_head(
            &format!("UPDATE state SET head = json_set(head, '$.last_sync.at', '{at}')"),
            mongodb::bson::doc! { "$set": {
                "last_sync.at": mongodb::bson::DateTime::from_millis(at.as_millisecond()),
            } },
            mongodb::bson::doc! {},
        )
        .await;
    }

    /// Takes down the head as it is stored; it must be there.
    pub(crate) async fn save_the_head(&self) -> SavedHead {
        match &self.database {
            Database::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                let head = connection.query_row("SELECT head FROM state", [], |row| row.get(0));
                SavedHead::Sqlite(head.unwrap())
            }
            Database::MongoDb(_) => {
                let state = self.mongo().await.collection("state");
                let head = state.find_one(mongodb::bson::doc! {}).await.unwrap();
                SavedHead::MongoDb(head.unwrap())
            }
        }
    }

    /// Puts the head back as it was, as a crash can that takes back the last write.
    pub(crate) async fn put_the_head_back(&self, saved: SavedHead) {
        match (&self.database, saved) {
            (Database::Sqlite(path), SavedHead::Sqlite(head)) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                let put = connection.execute("UPDATE state SET head = ?", [head]);
                assert_eq!(put.unwrap(), 1);
            }
            (Database::MongoDb(_), SavedHead::MongoDb(head)) => {
                let state = self.mongo().await.collection("state");
                let put = state.replace_one(mongodb::bson::doc! {}, head).await;
                assert_eq!(put.unwrap().matched_count, 1);
            }
            _ => panic!("a head of another kind of store"),
        }
    }

    /// Removes all that the store holds, as when it is made anew.
    pub(crate) async fn wipe(&self) {
        let all = ["state", "parts"]
            .into_iter()
            .chain(Kind::ALL.map(Kind::plural));
        for name in all {
            match &self.database {
                Database::Sqlite(path) => {
                    let connection = rusqlite::Connection::open(path).unwrap();
                    connection
                        .execute(&format!("DELETE FROM {name}"), [])
                        .unwrap();
                }
                Database::MongoDb(_) => {
                    let collection = self
                        .mongo()
                        .await
                        .collection::<mongodb::bson::Document>(name);
                    collection
                        .delete_many(mongodb::bson::doc! {})
                        .await
                        .unwrap();
                }
            }
        }
    }

    /// Removes the head alone.
    pub(crate) async fn lose_the_head(&self) {
        match self.sqlite_by_hand() {
            Some(connection) => {
                connection.execute("DELETE FROM state", []).unwrap();
            }
            None => {
                let state = self.mongo().await.collection("state");
                let all: mongodb::bson::Document = mongodb::bson::doc! {};
                let state: mongodb::Collection<mongodb::bson::Document> = state;
                state.delete_many(all).await.unwrap();
            }
        }
    }

    /// Makes the last header another one, as when a commit was taken back and made anew.
    pub(crate) async fn change_the_last_headers_note(&self) {
        self.edit_head(
            "UPDATE state SET head = json_set(head, '$.log[#-1].note', 'another')",
            mongodb::bson::doc! { "$set": { "log.$[last].note": "another" } },
            mongodb::bson::doc! {},
        )
        .await;
    }

    pub(crate) async fn change_the_lineage(&self) {
        self.edit_head(
            "UPDATE state SET head = json_set(head, '$.lineage', 'another')",
            mongodb::bson::doc! { "$set": { "lineage": "another" } },
            mongodb::bson::doc! {},
        )
        .await;
    }

    /// Overwrites every part of this kind with bytes that mean nothing.
    pub(crate) async fn damage_the_parts(&self, kind: &str) {
        match &self.database {
            Database::Sqlite(path) => {
                rusqlite::Connection::open(path)
                    .unwrap()
                    .execute(
                        "UPDATE parts SET data = x'00' WHERE name LIKE ? || '/%'",
                        [kind],
                    )
                    .unwrap();
            }
            Database::MongoDb(_) => {
                self.mongo()
                    .await
                    .collection::<mongodb::bson::Document>("parts")
                    .update_many(
                        mongodb::bson::doc! { "_id": { "$regex": format!("^{kind}/") } },
                        mongodb::bson::doc! { "$set": { "data": mongodb::bson::Binary { subtype: mongodb::bson::spec::BinarySubtype::Generic, bytes: vec![0] } } },
                    )
                    .await
                    .unwrap();
            }
        }
    }

    /// Removes every part of this kind.
    pub(crate) async fn lose_the_parts(&self, kind: &str) {
        match &self.database {
            Database::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                let gone =
                    connection.execute("DELETE FROM parts WHERE name LIKE ? || '/%'", [kind]);
                assert!(gone.unwrap() > 0);
            }
            Database::MongoDb(_) => {
                let parts = self
                    .mongo()
                    .await
                    .collection::<mongodb::bson::Document>("parts");
                let of_kind = mongodb::bson::doc! { "_id": { "$regex": format!("^{kind}/") } };
                let gone = parts.delete_many(of_kind).await;
                assert!(gone.unwrap().deleted_count > 0);
            }
        }
    }

    async fn edit_head(
        &self,
        sql: &str,
        update: mongodb::bson::Document,
        filter: mongodb::bson::Document,
    ) {
        match &self.database {
            Database::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.execute(sql, []).unwrap();
            }
            Database::MongoDb(_) => {
                let state = self
                    .mongo()
                    .await
                    .collection::<mongodb::bson::Document>("state");
                let mut edit = state.update_one(filter, update.clone());
                if update.to_string().contains("$[last]") {
                    let head = state
                        .find_one(mongodb::bson::doc! {})
                        .await
                        .unwrap()
                        .unwrap();
                    let version = head.get("version").unwrap().clone();
                    edit =
                        edit.array_filters(vec![mongodb::bson::doc! { "last.version": version }]);
                }
                edit.await.unwrap();
            }
        }
    }

    pub(crate) async fn mongo(&self) -> mongodb::Database {
        use secrecy::ExposeSecret;
        let Database::MongoDb(url) = &self.database else {
            panic!("not a MongoDB");
        };
        let connect = || mongodb::Client::with_uri_str(url.expose_secret());
        let client = self.client.get_or_try_init(connect).await.unwrap();
        client.default_database().unwrap()
    }
}

/// One whole run that wants a state, as a syncer does it.
pub(crate) async fn publish(
    repository: &Repository,
    wanted: &Catalogue,
) -> Result<Option<Snapshot>, StoreError> {
    let lease = repository.try_acquire(None).await?.unwrap();
    publish_in(lease, wanted).await
}

pub(crate) async fn publish_in(
    mut lease: LeaseGuard,
    wanted: &Catalogue,
) -> Result<Option<Snapshot>, StoreError> {
    let state = lease.state(None).await?;
    lease.repair_view(state.as_ref()).await?;
    let published = state.as_ref().map(|state| state.catalogue.clone());
    let changes = published.unwrap_or_default().changes_to(wanted);
    let snapshot = match state {
        Some(state) if lease.is_damaged() => Some(repair(&mut lease, &state, &changes).await?),
        state => publish_on(&mut lease, state.as_ref(), &changes).await?,
    };
    lease.release(Some(SyncEnd::Answered)).await?;
    Ok(snapshot)
}

async fn publish_on(
    lease: &mut LeaseGuard,
    state: Option<&Snapshot>,
    changes: &Changes,
) -> Result<Option<Snapshot>, StoreError> {
    let snapshot = lease.publish(state, changes, None, None).await?;
    if let Some(snapshot) = &snapshot {
        lease.update_view(snapshot, changes).await?;
    }
    Ok(snapshot)
}

/// Repairs a damaged state by what the source has, as a syncer does it.
pub(crate) async fn repair(
    lease: &mut LeaseGuard,
    damaged: &Snapshot,
    changes: &Changes,
) -> Result<Snapshot, StoreError> {
    match lease.plan_repair(damaged, changes).await? {
        Repair::Restore { state, changes } => {
            let restored = lease.restore(&state, Origin::Source).await?.unwrap();
            lease.update_view(&restored, &Changes::default()).await?;
            let next = publish_on(lease, Some(&restored), &changes).await?;
            Ok(next.unwrap_or(restored))
        }
        Repair::Replace(lost) => {
            let replaced = lease.replace(damaged, changes, &lost).await?;
            lease.update_view(&replaced, changes).await?;
            Ok(replaced)
        }
    }
}

/// Flips a bit in a part, or removes it.
pub(crate) async fn spoil(repository: &Repository, part: PartName, corrupt: bool) {
    let store = repository.store();
    let mut data = store.get(part).await.unwrap().unwrap();
    store.remove(&[part]).await.unwrap();
    if corrupt {
        let middle = data.len() / 2;
        data[middle] ^= 1;
        store.put(part, data).await.unwrap();
    }
}

/// A catalogue of `count` movies with one human in each; `edition` stands in every title.
pub(crate) fn catalogue(count: usize, edition: u32) -> Catalogue {
    let mut items = vec![
        item(
            "human",
            1,
            Facts::Species(Species {
                name: "Human".into(),
                ..Species::default()
            }),
        ),
        person("ann", "Ann", Some("human")),
        person("cat", "Cat", None),
    ];
    items.extend((0..count).map(|number| movie(number, edition)));
    items.into_iter().map(Arc::new).collect()
}

pub(crate) fn movie(number: usize, edition: u32) -> Item {
    let facts = Facts::Movie(Movie {
        title: format!("Movie {number}, edition {edition}"),
        people: vec!["ann".into(), "cat".into()],
        ..Movie::default()
    });
    item(
        &format!("movie-{number}"),
        number.try_into().unwrap(),
        facts,
    )
}

pub(crate) fn person(id: &str, name: &str, species: Option<&str>) -> Item {
    let facts = Facts::Person(Person {
        name: name.into(),
        species: species.map(Into::into),
        ..Person::default()
    });
    item(id, i64::from(id.as_bytes()[0]), facts)
}

fn item(id: &str, rank: i64, facts: Facts) -> Item {
    let source = format!(r#"{{"id":"{id}","unknown":[1,null]}}"#);
    Item {
        id: id.into(),
        slug: id.into(),
        rank,
        facts,
        source: SourceRecord::new(serde_json::value::RawValue::from_string(source).unwrap()),
    }
}

/// With one item replaced or added.
pub(crate) fn with(catalogue: &Catalogue, item: Item) -> Catalogue {
    let mut changed = catalogue.clone();
    changed.insert(&item);
    changed
}

/// Without one movie.
pub(crate) fn without(catalogue: &Catalogue, number: usize) -> Catalogue {
    let mut changed = catalogue.clone();
    changed.remove(Kind::Movie, &format!("movie-{number}"));
    changed
}

/// The next version that a follower sees.
pub(crate) async fn next_version(follower: &mut Follower) -> Arc<Snapshot> {
    let next = async {
        loop {
            if let FollowEvent::Version { snapshot, .. } = follower.next().await {
                return snapshot;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), next)
        .await
        .expect("a version within 20 s")
}
