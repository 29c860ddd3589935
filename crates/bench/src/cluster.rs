//! Several web apps and syncers as processes on one replica set of three.
//!
//! Each number of web apps is a row of a table, and a row of `docs/cluster.gp`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, Result, bail, ensure};
use common::clock::Clock;
use common::models::{Item, Kind};
use common::repository::{Access, Repository, Snapshot};
use tempfile::TempDir;
use testkit::http::try_get;
use testkit::mongo::{Mongo, MongoReplicaSet, fresh_database};
use testkit::process::{Service, run_to_end};
use testkit::source::Source;
use testkit::{eventually, free_port};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::follow::retitled;
use crate::generate::{Generated, GeneratedSource};
use crate::processes::resident_kibibytes;
use crate::report::Measurements;
use crate::serve::{Load, Server, program};
use crate::setup::DEADLINE;

/// For counting operations of the database and requests of the source.
const WINDOW: Duration = Duration::from_secs(10);
/// From ready to rest: a web app reads the history after its start.
const SETTLING: Duration = Duration::from_secs(5);
/// Between two versions, so that one is served everywhere before the next.
const PAUSE: Duration = Duration::from_millis(50);
/// Connections of `wrk`, and its seconds.
const LOAD: (u32, u32) = (32, 4);

#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(movies: u64, webapps: &[usize], rounds: u32) -> Result<()> {
    let set = MongoReplicaSet::start(3).await;
    let cluster = Cluster::new(&set, movies).await?;
    let (idle, ()) = cluster.operations_per_second(sleep(WINDOW)).await;
    println!("{movies} movies, {rounds} versions; {idle:.0} operations/s without web apps");
    println!(
        "| web apps | commit to served on the first: median, p99 | on all: median, p99 | operations/s and web app at rest | while publishing | memory of each, of each mongod | requests/s, p99 of one web app | through Caddy |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for &count in webapps {
        cluster.measure(count, rounds, idle).await?;
    }
    for syncers in 1..=3 {
        count_requests(&set, syncers).await?;
    }
    Ok(())
}

struct Cluster<'a> {
    set: &'a MongoReplicaSet,
    url: String,
    repository: Repository,
}

/// A web app, and the version that its event stream has last announced.
struct Reader {
    webapp: Service,
    announced: watch::Receiver<(u64, Instant)>,
}

impl<'a> Cluster<'a> {
    /// Publishes the generated catalogue.
    async fn new(set: &'a MongoReplicaSet, movies: u64) -> Result<Self> {
        let generated = Generated {
            movies,
            seed: 1,
            retitled: 0,
        };
        let source = GeneratedSource::start(generated, "127.0.0.1:0".parse()?).await?;
        let url = set.url(&fresh_database());
        let provider = source.url();
        let envs = [
            ("PYFLIX_DATABASE_URL", url.as_str()),
            ("PYFLIX_PROVIDER_URLS", &provider),
            ("PYFLIX_PROVIDER_MAX_BYTES", "8GiB"),
        ];
        let end = run_to_end("syncer", &envs, &["once"], DEADLINE).await;
        ensure!(end.code == Some(0), "the sync failed: {}", end.stderr);
        let database = common::config::Database::MongoDb(url.clone().into());
        let repository = Repository::open(&database, Access::Writer, Clock::system()).await?;
        Ok(Self {
            set,
            url,
            repository,
        })
    }

    /// Prints a row of the table. `idle` is the operations per second without web apps.
    #[expect(clippy::print_stdout, reason = "the result of the command")]
    async fn measure(&self, count: usize, rounds: u32, idle: f64) -> Result<()> {
        let mut readers = Vec::new();
        for _ in 0..count {
            readers.push(Reader::start(&self.url).await?);
        }
        sleep(SETTLING).await;
        let (at_rest, ()) = self.operations_per_second(sleep(WINDOW)).await;
        let started = Instant::now();
        let publishing = self.publish(&mut readers, rounds);
        let (publishing, latencies) = self.operations_per_second(publishing).await;
        let versions = f64::from(rounds) / started.elapsed().as_secs_f64();
        let (first, all): (Vec<_>, Vec<_>) = latencies?.into_iter().unzip();
        let (first, all) = (Measurements::new(first), Measurements::new(all));
        let pids = readers.iter().map(|reader| reader.webapp.pid());
        let memory = largest_mebibytes(pids)?;
        let mongod = largest_mebibytes(self.set.members().iter().map(Mongo::pid))?;
        let each = |operations: f64| {
            Ok::<_, Error>((operations - idle) / f64::from(u32::try_from(count)?))
        };
        let (at_rest, publishing) = (each(at_rest)?, each(publishing)?);
        let [direct, caddy] = self.load(readers).await?;
        println!(
            "| {count} | {:.1}, {:.1} ms | {:.1}, {:.1} ms | {at_rest:.1} | {publishing:.0} at {versions:.1} versions/s | {memory:.0}, {mongod:.0} MiB | {:.0}, {:.2} ms | {:.0}, {:.2} ms |",
            first.percentile(50),
            first.percentile(99),
            all.percentile(50),
            all.percentile(99),
            direct.rate,
            direct.p99,
            caddy.rate,
            caddy.p99,
        );
        Ok(())
    }

    /// Publishes versions of one change; returns the milliseconds from each commit to the first and to
    /// the last web app.
    async fn publish(&self, readers: &mut [Reader], rounds: u32) -> Result<Vec<(f64, f64)>> {
        let mut state = self.repository.load().await?.context("no version")?;
        let mut latencies = Vec::new();
        for _ in 0..rounds {
            let mut lease = match self.repository.try_acquire(None).await? {
                Ok(lease) => lease,
                Err(refusal) => bail!("no lease: {refusal}"),
            };
            let version = u32::try_from(state.version())?;
            let changes = [retitled(first_movie(&state)?, version)?];
            let changes = changes.into_iter().collect();
            let published = lease.publish(Some(&state), &changes, None, None).await?;
            let committed = Instant::now();
            let published = published.context("nothing was published")?;
            let mut served = Vec::new();
            for reader in readers.iter_mut() {
                let at = reader.wait_for(published.version()).await?;
                let delay = at.saturating_duration_since(committed);
                served.push(delay.as_secs_f64() * 1000.0);
            }
            served.sort_by(f64::total_cmp);
            let both = served.first().zip(served.last());
            let (first, last) = both.context("no web app")?;
            latencies.push((*first, *last));
            lease.update_view(&published, &changes).await?;
            lease.release(None).await?;
            state = published;
            sleep(PAUSE).await;
        }
        Ok(latencies)
    }

    async fn operations_per_second<T>(&self, during: impl Future<Output = T>) -> (f64, T) {
        let before = self.operations().await;
        let started = Instant::now();
        let result = during.await;
        let operations = self.operations().await - before;
        (operations / started.elapsed().as_secs_f64(), result)
    }

    async fn operations(&self) -> f64 {
        let mut sum = 0.0;
        for member in self.set.members() {
            sum += member.operations().await;
        }
        sum
    }

    /// Loads one web app, and all of them through Caddy.
    async fn load(&self, readers: Vec<Reader>) -> Result<[Load; 2]> {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        // With a host, Caddy would use TLS.
        let mut args = vec![
            "reverse-proxy".to_owned(),
            "--from".into(),
            format!("http://:{port}"),
        ];
        for reader in &readers {
            args.extend(["--to".into(), reader.webapp.address().to_string()]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let folder = TempDir::new()?;
        let process = Service::start_program(folder.path(), &program("caddy")?, &args);
        let page = format!("{url}/movies");
        eventually(DEADLINE, async || {
            try_get(&page)
                .await
                .is_ok_and(|response| response.status == 200)
        })
        .await;
        let caddy = Server {
            name: "through Caddy",
            url,
            process,
            _folder: folder,
        };
        let mut readers = readers.into_iter();
        let one = readers.next().context("no web app")?.webapp;
        let direct = Server {
            name: "one web app",
            url: one.url().to_owned(),
            process: one,
            _folder: TempDir::new()?,
        };
        let (connections, seconds) = LOAD;
        let load = async |server: &Server| {
            let path = "/movies";
            server.load(path, false, connections, seconds).await
        };
        let loads = [load(&direct).await?, load(&caddy).await?];
        // Caddy has needed all web apps until here.
        drop((direct, caddy, readers));
        Ok(loads)
    }
}

fn largest_mebibytes(pids: impl Iterator<Item = u32>) -> Result<f64> {
    let kibibytes: Result<Vec<_>> = pids.map(resident_kibibytes).collect();
    Ok(Measurements::new(kibibytes?).percentile(100) / 1024.0)
}

fn first_movie(state: &Snapshot) -> Result<Arc<Item>> {
    let mut movies = state.catalogue.iter(Kind::Movie);
    movies.next().context("no movie")
}

impl Reader {
    async fn start(url: &str) -> Result<Self> {
        let envs = [("PYFLIX_DATABASE_URL", url)];
        let webapp = Service::start_web("webapp", &envs, &[], DEADLINE).await;
        let ready = format!("{}/readyz", webapp.url());
        eventually(DEADLINE, async || {
            try_get(&ready)
                .await
                .is_ok_and(|response| response.status == 200)
        })
        .await;
        let (announce, announced) = watch::channel((0, Instant::now()));
        let mut stream = TcpStream::connect(webapp.address()).await?;
        let request = "GET /events HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n";
        stream.write_all(request.as_bytes()).await?;
        // It ends with the web app.
        tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let version = line.split_once("\"version\":").and_then(|(_, rest)| {
                    let digits = rest.split(|character: char| !character.is_ascii_digit());
                    digits.into_iter().next()?.parse().ok()
                });
                if let Some(version) = version {
                    announce.send_replace((version, Instant::now()));
                }
            }
        });
        Ok(Self { webapp, announced })
    }

    /// When it announced this version.
    async fn wait_for(&mut self, version: u64) -> Result<Instant> {
        let announced = self.announced.wait_for(|(seen, _)| *seen >= version);
        let seen = timeout(DEADLINE, announced).await??;
        Ok(seen.1)
    }
}

/// Requests for films at the source per interval of a second.
#[expect(clippy::print_stdout, reason = "the result of the command")]
async fn count_requests(set: &MongoReplicaSet, syncers: usize) -> Result<()> {
    let source = Source::start().await;
    let (database, provider) = (set.url(&fresh_database()), source.url());
    let envs = [
        ("PYFLIX_DATABASE_URL", database.as_str()),
        ("PYFLIX_PROVIDER_URLS", &provider),
        ("PYFLIX_SYNC_INTERVAL", "1s"),
    ];
    let running: Vec<_> = (0..syncers)
        .map(|_| Service::start("syncer", &envs, &[]))
        .collect();
    source.wait_for_requests("films", 2, DEADLINE).await;
    let before = source.requests("films");
    sleep(WINDOW).await;
    let requests = source.requests("films") - before;
    drop(running);
    let seconds = WINDOW.as_secs_f64();
    let per_interval = f64::from(u32::try_from(requests)?) / seconds;
    println!("{syncers} syncers: {per_interval:.2} requests for films per interval of 1 s");
    Ok(())
}
