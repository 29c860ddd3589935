//! A real MongoDB for tests.
//!
//! `mongod` is the file that `TEST_MONGOD` names, or on the `PATH`, or downloaded by
//! `scripts/fetch-mongod`. Without it the tests that need it fail.

mod fail_point;
mod find;
mod oplog;
mod replica_set;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use fail_point::FailPoint;
use mongodb::{
    Client,
    bson::{Bson, Document, doc},
    options::ClientOptions,
};
pub use replica_set::MongoReplicaSet;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{
    child_process::{self, ChildProcess},
    eventually, free_port,
};

/// For a busy machine; usually it takes a second.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running `mongod`; dropping it kills it and removes its data.
pub struct Mongo {
    process: Mutex<ChildProcess>,
    folder: TempDir,
    port: u16,
    options: MongoOptions,
    /// Whether it is one of several members, so that it may never be primary.
    is_replica_set_member: bool,
    failing: tokio::sync::Mutex<()>,
}

/// Options of [`Mongo::start`].
#[derive(Clone, Debug)]
pub struct MongoOptions {
    /// Whether it is a replica set of one member, called `rs0`, or a standalone server.
    pub replica_set: bool,
    /// More arguments for its command line.
    pub args: Vec<String>,
}

impl MongoOptions {
    /// Those of a replica set whose oplog [`Mongo::roll_over_oplog`] can fill.
    pub fn with_small_oplog() -> Self {
        let args = ["--oplogSize", "1", "--syncdelay", "1"];
        Self {
            args: args.map(str::to_owned).into(),
            ..Self::default()
        }
    }
}

impl Default for MongoOptions {
    fn default() -> Self {
        Self {
            replica_set: true,
            args: Vec::new(),
        }
    }
}

impl Mongo {
    /// The replica set that all tests of this process share, each with a [`fresh_database`].
    pub async fn replica_set() -> &'static Self {
        static SHARED: OnceCell<Mongo> = OnceCell::const_new();
        SHARED
            .get_or_init(|| Self::start(MongoOptions::default()))
            .await
    }

    /// Starts one for this test alone, to kill or pause; it accepts writes when this returns.
    pub async fn start(options: MongoOptions) -> Self {
        let mongo = Self::launched(options, false).await;
        if mongo.options.replica_set {
            let client = mongo.connect().await;
            initiate(&client, doc! { "_id": "rs0", "members": [mongo.member(0)] }).await;
            mongo.wait_for_primary(&client).await;
        }
        mongo
    }

    /// The connection string for a database.
    pub fn url(&self, database: &str) -> String {
        let query = if self.options.replica_set {
            "replicaSet=rs0"
        } else {
            "directConnection=true"
        };
        format!("mongodb://127.0.0.1:{}/{database}?{query}", self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The pid of the `mongod` itself.
    pub fn pid(&self) -> u32 {
        self.process().pid()
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        self.process().text()
    }

    /// Kills it with SIGKILL and waits for its end; its data stays for [`Self::restart`].
    pub fn kill(&self) {
        self.process().kill();
    }

    /// Starts it again with its data and its port; it accepts writes when this returns, save as one
    /// of several members.
    pub async fn restart(&self) {
        self.kill();
        let again = launch(&self.folder, self.port, &self.options).await;
        let again = again.unwrap_or_else(|log| panic!("mongod did not start again:\n{log}"));
        *self.process() = again;
        if self.options.replica_set && !self.is_replica_set_member {
            self.wait_for_primary(&self.connect().await).await;
        }
    }

    /// Kills it and starts it with its data at another port, without waiting for a primary: the
    /// configuration of its replica set still has the old port.
    pub async fn restart_at_another_port(mut self) -> Self {
        self.kill();
        let (process, port) = start_on_a_free_port(&self.folder, &self.options).await;
        *self.process() = process;
        self.port = port;
        self
    }

    /// Number of operations so far, replicated ones included.
    pub async fn operations(&self) -> f64 {
        let admin = self.connect().await.database("admin");
        let status = admin.run_command(doc! { "serverStatus": 1 }).await;
        let status = status.expect("mongod responds");
        ["opcounters", "opcountersRepl"]
            .iter()
            .filter_map(|name| status.get_document(name).ok())
            .flat_map(|counters| counters.values())
            .filter_map(|count| match count {
                Bson::Int32(count) => Some(f64::from(*count)),
                Bson::Int64(count) => u32::try_from(*count).ok().map(f64::from),
                _ => None,
            })
            .sum()
    }

    /// Pauses it with SIGSTOP: connections stay open without responses.
    pub fn pause(&self) {
        self.process().signal(Signal::STOP);
    }

    /// Resumes it after [`Self::pause`].
    pub fn resume(&self) {
        self.process().signal(Signal::CONT);
    }
}

/// A unique database name.
pub fn fresh_database() -> String {
    format!("test_{}", Uuid::new_v4().simple())
}

impl Mongo {
    /// Starts it without initiating a replica set.
    async fn launched(options: MongoOptions, is_replica_set_member: bool) -> Self {
        let folder = TempDir::with_prefix("mongod-").expect("a temporary folder can be made");
        let (process, port) = start_on_a_free_port(&folder, &options).await;
        Self {
            process: Mutex::new(process),
            folder,
            port,
            options,
            is_replica_set_member,
            failing: tokio::sync::Mutex::default(),
        }
    }

    fn member(&self, id: i32) -> Document {
        doc! { "_id": id, "host": format!("127.0.0.1:{}", self.port) }
    }

    async fn wait_for_primary(&self, client: &Client) {
        let admin = client.database("admin");
        eventually(START_TIMEOUT, async || -> Result<(), String> {
            let hello = admin.run_command(doc! { "hello": 1 }).await;
            let hello: Document = hello.map_err(|error| error.to_string())?;
            let primary = hello.get_bool("isWritablePrimary").unwrap_or(false);
            primary
                .then_some(())
                .ok_or_else(|| format!("mongod is not primary yet: {hello}"))
        })
        .await;
    }

    async fn connect(&self) -> Client {
        let url = format!("mongodb://127.0.0.1:{}/?directConnection=true", self.port);
        let mut options = ClientOptions::parse(&url).await.expect("the url is valid");
        options.server_selection_timeout = Some(START_TIMEOUT);
        Client::with_options(options).expect("the options are valid")
    }

    fn process(&self) -> MutexGuard<'_, ChildProcess> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn initiate(client: &Client, set: Document) {
    let initiated = client
        .database("admin")
        .run_command(doc! { "replSetInitiate": set })
        .await;
    initiated.unwrap_or_else(|error| panic!("the replica set did not start: {error}"));
}

async fn start_on_a_free_port(folder: &TempDir, options: &MongoOptions) -> (ChildProcess, u16) {
    loop {
        let port = free_port();
        match launch(folder, port, options).await {
            Ok(process) => return (process, port),
            Err(log) if log.contains("Address already in use") => {}
            Err(log) => panic!("mongod did not start:\n{log}"),
        }
    }
}

/// Starts a `mongod`; `Err` is the log of one that ended at once.
async fn launch(
    folder: &TempDir,
    port: u16,
    options: &MongoOptions,
) -> Result<ChildProcess, String> {
    let found = tokio::task::spawn_blocking(find::mongod).await;
    let mongod = found
        .expect("the search does not panic")
        .unwrap_or_else(|why| panic!("{why}"));
    let mut command = child_process::supervised(&mongod, folder.path());
    command
        .arg("--dbpath")
        .arg(folder.path())
        .arg("--port")
        .arg(port.to_string());
    command.args([
        "--bind_ip",
        "127.0.0.1",
        "--nounixsocket",
        "--wiredTigerCacheSizeGB",
        "0.5",
    ]);
    // Preallocated journal files of 100 MB would be most of its disk writes.
    command.args([
        "--wiredTigerEngineConfigString",
        "log=(prealloc=false,file_max=8MB)",
    ]);
    command.args(["--setParameter", "enableTestCommands=1"]);
    command.args(["--setParameter", "diagnosticDataCollectionEnabled=false"]);
    if options.replica_set {
        command.args(["--replSet", "rs0"]);
    }
    command.args(&options.args);
    let process = ChildProcess::spawn("mongod", command);
    let ready = |line: &str| line.contains("Waiting for connections").then_some(());
    match process.try_find_line(START_TIMEOUT, ready).await {
        Ok(()) => Ok(process),
        Err(_) => Err(process.text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn notes(mongo: &Mongo) -> mongodb::Collection<Document> {
        let database = fresh_database();
        let client = Client::with_uri_str(mongo.url(&database)).await.unwrap();
        client.database(&database).collection("notes")
    }

    #[tokio::test]
    async fn the_shared_replica_set_is_one_and_takes_majority_writes() {
        let mongo = Mongo::replica_set().await;
        let notes = notes(mongo).await;
        notes.insert_one(doc! { "_id": 1 }).await.unwrap();
        assert_eq!(notes.count_documents(doc! {}).await.unwrap(), 1);
        assert_eq!(Mongo::replica_set().await.pid(), mongo.pid());
    }

    #[tokio::test]
    async fn a_killed_mongod_comes_back_with_its_data() {
        let mongo = Mongo::start(MongoOptions::default()).await;
        let kept = notes(&mongo).await;
        let majority = mongodb::options::WriteConcern::majority();
        kept.insert_one(doc! { "_id": 1 })
            .write_concern(majority)
            .await
            .unwrap();
        let before = mongo.pid();
        mongo.kill();
        mongo.restart().await;
        assert_ne!(mongo.pid(), before);
        assert_eq!(kept.count_documents(doc! {}).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_standalone_mongod_can_be_paused_and_leaves_nothing_behind() {
        let alone = MongoOptions {
            replica_set: false,
            ..MongoOptions::default()
        };
        let mongo = Mongo::start(alone).await;
        let notes = notes(&mongo).await;
        notes.insert_one(doc! { "_id": 1 }).await.unwrap();

        mongo.pause();
        let count = tokio::spawn(async move { notes.count_documents(doc! {}).await });
        let proc = std::path::PathBuf::from(format!("/proc/{}", mongo.pid()));
        let status = || std::fs::read_to_string(proc.join("status")).unwrap_or_default();
        eventually(START_TIMEOUT, async || status().contains("(stopped)")).await;
        mongo.resume();
        assert_eq!(count.await.unwrap().unwrap(), 1);

        let folder = mongo.folder.path().to_path_buf();
        drop(mongo);
        assert!(!proc.exists() && !folder.exists());
    }
}
