//! A store of either kind, a source, a clock, and a syncer that can be restarted.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::clock::Clock;
use common::config::{Database, FuseLimits};
use common::models::{Catalogue, Run};
use common::repository::{
    Access, ContentDigest, FollowEvent, Follower, Head, PartKind, PartName, Repository, Snapshot,
};
use ghibli_api::{Client, ClientConfig, Timeouts};
use syncer::commands::{self, RepositoryCommand};
use syncer::pipeline::{SyncPolicy, Syncer};
use testkit::mongo::{Mongo, fresh_database};
use testkit::source::Source;
use tokio_util::sync::CancellationToken;

/// Items of a part: small, so that few items make several parts.
const ITEMS_PER_PART: usize = 4;

/// Syncs in a row that may miss an item.
pub(crate) const MISSED_SYNCS: u32 = 3;

const RETENTION: u64 = common::repository::RETENTION;

/// How long a follower may take on a busy machine.
const FOLLOW_TIMEOUT: Duration = Duration::from_secs(60);

/// A fresh store.
pub(crate) struct Store {
    /// For `PYFLIX_DATABASE_URL`.
    pub(crate) url: String,
    database: Database,
    file: Option<PathBuf>,
    _folder: Option<tempfile::TempDir>,
}

impl Store {
    /// An embedded one, in shared memory if possible: many short cases need not wait for a disk.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.unwrap();
        let file = folder.path().join("pyflix.db");
        Self {
            url: format!("sqlite:{}", file.display()),
            database: Database::Sqlite(file.clone()),
            file: Some(file),
            _folder: Some(folder),
        }
    }

    /// A database of a real MongoDB.
    pub(crate) async fn mongodb() -> Self {
        let url = Mongo::replica_set().await.url(&fresh_database());
        Self {
            url: url.clone(),
            database: Database::MongoDb(url.into()),
            file: None,
            _folder: None,
        }
    }

    /// Another one of the same kind.
    pub(crate) async fn fresh(&self) -> Self {
        match self.file {
            Some(_) => Self::sqlite(),
            None => Self::mongodb().await,
        }
    }

    pub(crate) fn is_mongodb(&self) -> bool {
        self.file.is_none()
    }

    async fn open(&self, clock: Clock) -> Repository {
        let repository = Repository::open(&self.database, Access::Writer, clock).await;
        repository.unwrap().with_items_per_part(ITEMS_PER_PART)
    }

    /// Makes every later write to a table fail.
    pub(crate) async fn refuse_writes_to(&self, table: &str) {
        if let Some(file) = &self.file {
            let hand = rusqlite::Connection::open(file).unwrap();
            hand.execute_batch(&format!(
                "CREATE TRIGGER refused BEFORE INSERT ON {table}
                 BEGIN SELECT RAISE(ABORT, 'refused'); END"
            ))
            .unwrap();
            return;
        }
        let client = mongodb::Client::with_uri_str(&self.url).await.unwrap();
        let database = client.default_database().unwrap();
        let nothing = mongodb::bson::doc! { "$expr": false };
        database
            .collection::<mongodb::bson::Document>(table)
            .drop()
            .await
            .unwrap();
        database
            .create_collection(table)
            .validator(nothing)
            .await
            .unwrap();
    }
}

/// A syncer between a source and a store.
pub(crate) struct Scene {
    pub(crate) store: Store,
    pub(crate) source: Arc<Source>,
    pub(crate) syncer: Syncer,
    seconds: Arc<AtomicU64>,
    retention: u64,
}

impl Scene {
    pub(crate) async fn new(store: Store) -> Self {
        Self::with_source(store, Arc::new(Source::start().await)).await
    }

    pub(crate) async fn with_source(store: Store, source: Arc<Source>) -> Self {
        let seconds = Arc::default();
        let syncer = syncer(&store, &source, &seconds, RETENTION).await;
        Self {
            store,
            source,
            syncer,
            seconds,
            retention: RETENTION,
        }
    }

    /// Keeps so many versions.
    pub(crate) async fn with_retention(mut self, retention: u64) -> Self {
        self.retention = retention;
        self.restart().await;
        self
    }

    /// The clock of the syncer.
    pub(crate) fn clock(&self) -> Clock {
        clock(&self.seconds)
    }

    pub(crate) fn repository(&self) -> &Repository {
        self.syncer.repository()
    }

    /// Continues with a new process, which has nothing in memory.
    pub(crate) async fn restart(&mut self) {
        self.syncer = syncer(&self.store, &self.source, &self.seconds, self.retention).await;
    }

    /// Advances the clock.
    pub(crate) fn wait(&self, duration: Duration) {
        self.seconds.fetch_add(duration.as_secs(), Ordering::SeqCst);
    }

    /// Syncs 15 s after the last sync.
    pub(crate) async fn sync(&mut self) -> Run {
        self.wait(Duration::from_secs(15));
        let lease = self.repository().acquire(|_| {}).await.unwrap();
        let shutdown = CancellationToken::new();
        self.syncer.sync_once(lease, &|_| {}, &shutdown).await.run
    }

    /// Runs a command; an error in words.
    pub(crate) async fn command(&mut self, command: RepositoryCommand) -> Result<(), String> {
        let code = commands::run(command, &mut self.syncer, &CancellationToken::new()).await;
        code.map(drop).map_err(|error| format!("{error:#}"))
    }

    pub(crate) async fn head(&self) -> Head {
        self.repository().head().await.unwrap().unwrap()
    }

    /// What a new reader sees.
    pub(crate) async fn load(&self) -> Option<Snapshot> {
        self.repository().load().await.unwrap()
    }

    /// The parts that the store has of a role, in order.
    pub(crate) async fn parts(&self, kind: PartKind) -> Vec<PartName> {
        let mut parts = self.repository().store().parts().await.unwrap();
        parts.retain(|part| part.kind == kind);
        parts.sort_by_key(ToString::to_string);
        parts
    }

    pub(crate) async fn lose(&self, part: PartName) {
        let removed = self.repository().store().remove(&[part]).await;
        removed.unwrap();
    }

    pub(crate) async fn corrupt(&self, part: PartName) {
        let store = self.repository().store();
        let mut data = store.get(part).await.unwrap().unwrap();
        self.lose(part).await;
        let middle = data.len() / 2;
        data[middle] ^= 1;
        store.put(part, data).await.unwrap();
    }
}

fn clock(seconds: &Arc<AtomicU64>) -> Clock {
    let seconds = seconds.clone();
    Clock::from_fn(move || {
        let since = Duration::from_secs(seconds.load(Ordering::SeqCst));
        jiff::Timestamp::constant(1_700_000_000, 0) + since
    })
}

async fn syncer(
    store: &Store,
    source: &Source,
    seconds: &Arc<AtomicU64>,
    retention: u64,
) -> Syncer {
    let clock = clock(seconds);
    let client = Client::new(ClientConfig {
        providers: vec![source.url().parse().unwrap()],
        max_bytes: 1 << 20,
        user_agent: "a test".into(),
        timeouts: Timeouts::default(),
    });
    let policy = SyncPolicy {
        fuse: FuseLimits::default(),
        missed_syncs: MISSED_SYNCS,
        interval: Duration::from_secs(15),
    };
    // Leases expire by the system clock.
    let repository = store.open(Clock::system()).await;
    let repository = repository.with_retention(retention);
    Syncer::new(repository, client.unwrap(), clock, policy)
}

/// The followed state at the version of `wanted`.
pub(crate) async fn follow_to(follower: &mut Follower, wanted: &Snapshot) -> Arc<Snapshot> {
    let followed = async {
        loop {
            if let FollowEvent::Version { snapshot, .. } = follower.next().await
                && snapshot.header == wanted.header
            {
                return snapshot;
            }
        }
    };
    tokio::time::timeout(FOLLOW_TIMEOUT, followed)
        .await
        .expect("the follower reaches the version")
}

/// Whether two catalogues have the same items, ranks aside.
pub(crate) fn have_same_items(one: &Catalogue, other: &Catalogue) -> bool {
    ContentDigest::of(one) == ContentDigest::of(other)
}
