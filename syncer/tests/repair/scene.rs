//! A store of either kind, a source, and a syncer between them that can be restarted.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::clock::Clock;
use common::config::{Database, FuseLimits};
use common::models::Run;
use common::repository::{Access, PartKind, PartName, Repository, Snapshot};
use ghibli_api::{Client, ClientConfig, Timeouts};
use syncer::history::Command;
use syncer::plan::Patience;
use syncer::sync::Syncer;
use testkit::mongo::{Mongo, fresh_database};
use testkit::source::Source;
use tokio_util::sync::CancellationToken;

/// How many items a part holds: enough parts of few items.
const ITEMS_PER_PART: usize = 4;

/// A fresh store.
pub(crate) struct Store {
    /// What names it in `PYFLIX_DATABASE_URL`.
    pub(crate) url: String,
    database: Database,
    file: Option<PathBuf>,
    _folder: Option<tempfile::TempDir>,
}

impl Store {
    /// An embedded one, in memory where that can be: many short cases need not wait for a disk.
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

    /// Lets every write to a table fail from now on.
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

pub(crate) struct Scene {
    pub(crate) store: Store,
    pub(crate) source: Arc<Source>,
    pub(crate) syncer: Syncer,
    seconds: Arc<AtomicU64>,
}

impl Scene {
    pub(crate) async fn over(store: Store) -> Self {
        Self::with_source(store, Arc::new(Source::start().await)).await
    }

    pub(crate) async fn with_source(store: Store, source: Arc<Source>) -> Self {
        let seconds = Arc::default();
        let syncer = syncer(&store, &source, &seconds).await;
        Self {
            store,
            source,
            syncer,
            seconds,
        }
    }

    pub(crate) fn repository(&self) -> &Repository {
        self.syncer.repository()
    }

    /// Goes on with another process, which has nothing in memory.
    pub(crate) async fn restart(&mut self) {
        self.syncer = syncer(&self.store, &self.source, &self.seconds).await;
    }

    pub(crate) async fn sync(&mut self) -> Run {
        self.seconds.fetch_add(15, Ordering::SeqCst);
        let lease = self.repository().acquire(|_| {}).await.unwrap();
        let shutdown = CancellationToken::new();
        self.syncer.sync_once(lease, &|_| {}, &shutdown).await.run
    }

    /// A command of the syncer; an error in words.
    pub(crate) async fn command(&self, command: Command) -> Result<(), String> {
        let end = syncer::history::main(command, &self.syncer).await;
        end.map(drop).map_err(|error| format!("{error:#}"))
    }

    /// What a reader that starts now sees.
    pub(crate) async fn load(&self) -> Option<Snapshot> {
        self.repository().load().await.unwrap()
    }

    /// The parts that the store has of a kind, in order.
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

async fn syncer(store: &Store, source: &Source, seconds: &Arc<AtomicU64>) -> Syncer {
    let seconds = seconds.clone();
    let clock = Clock::from_fn(move || {
        let since = Duration::from_secs(seconds.load(Ordering::SeqCst));
        jiff::Timestamp::constant(1_700_000_000, 0) + since
    });
    let client = Client::new(ClientConfig {
        providers: vec![source.url().parse().unwrap()],
        max_bytes: 1 << 20,
        user_agent: "a test".into(),
        timeouts: Timeouts::default(),
    });
    let patience = Patience {
        fuse: FuseLimits::default(),
        missed_syncs: 3,
    };
    // The lease goes by the time of day.
    let repository = store.open(Clock::system()).await;
    Syncer::new(repository, client.unwrap(), clock, patience)
}
