//! The web app beside nginx, which serves the same bytes as files, under the load of `wrk`.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use testkit::http::{get, try_get};
use testkit::process::Service;

use crate::processes::NO_SOURCE;
use crate::report::Measurements;
use crate::setup::{Setup, StoreKind};

const DEADLINE: Duration = Duration::from_secs(20);
/// A path, and whether the client sends the ETag.
const REQUESTS: [(&str, bool); 6] = [
    ("/movies", false),
    ("/movies", true),
    ("/api/v1/movies", false),
    ("/api/v1/movies", true),
    ("/ghibli/films", false),
    ("/ghibli/films", true),
];

/// The result of a round of load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Responses per second.
    pub(crate) rate: f64,
    /// Microseconds of CPU time per response.
    cpu: f64,
    /// Milliseconds.
    pub(crate) p99: f64,
}

/// A server under load.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) url: String,
    pub(crate) process: Service,
    pub(crate) _folder: TempDir,
}

/// Loads the web app, nginx with one worker and nginx with two in turn, and prints the medians of
/// the rounds and of the ratios within each round.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(rounds: u32, connections: &[u32], seconds: u32) -> Result<()> {
    let pyflix = pyflix().await?;
    let servers = [
        nginx("nginx, one worker", 1, &pyflix.url).await?,
        nginx("nginx, two workers", 2, &pyflix.url).await?,
        pyflix,
    ];
    println!(
        "| request | connections | server | requests/s | CPU µs/request | p99 ms | rate : better nginx | CPU : better nginx | p99 : nginx with two |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (path, known) in REQUESTS {
        for connections in connections {
            let mut loads: [Vec<Load>; 3] = Default::default();
            for _ in 0..rounds {
                for (server, loads) in servers.iter().zip(&mut loads) {
                    loads.push(server.load(path, known, *connections, seconds).await?);
                }
            }
            let request = if known {
                format!("{path}, 304")
            } else {
                path.to_owned()
            };
            for (server, load) in servers.iter().zip(&loads) {
                let median = |of: fn(&Load) -> f64| median(load.iter().map(of));
                let ratio = |of: fn(&Load) -> f64, peer: fn(f64, f64) -> f64| {
                    let rounds = load.iter().zip(&loads[0]).zip(&loads[1]);
                    crate::serve::median(
                        rounds.map(|((own, one), two)| of(own) / peer(of(one), of(two))),
                    )
                };
                println!(
                    "| {request} | {connections} | {} | {:.0} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} |",
                    server.name,
                    median(|load| load.rate),
                    median(|load| load.cpu),
                    median(|load| load.p99),
                    ratio(|load| load.rate, f64::max),
                    ratio(|load| load.cpu, f64::min),
                    ratio(|load| load.p99, |_, two| two),
                );
            }
        }
    }
    Ok(())
}

/// Loads the web app with 22 movies from 32 connections, without publishing and while a version is published
/// every quarter of a second, in turn.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn while_publishing(rounds: u32, seconds: u32) -> Result<()> {
    let setup = Setup::new(StoreKind::Sqlite, 22, "100ms").await?;
    let _syncer = Service::start("syncer", &setup.envs(), &[]);
    let pyflix = pyflix_in(TempDir::new()?, &setup.envs()).await?;
    let movies = format!("{}/movies", pyflix.url);
    let version = async || {
        let response = try_get(&movies).await.ok()?;
        response.header("x-catalogue-version")?.parse::<u64>().ok()
    };
    testkit::eventually(DEADLINE, async || version().await.is_some_and(|it| it > 0)).await;
    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    let before = version().await;
    for _ in 0..rounds {
        idle.push(pyflix.load("/movies", false, 32, seconds).await?);
        let retitling = {
            let source = setup.source.clone();
            tokio::spawn(async move {
                for retitled in (0..22).cycle() {
                    source.retitle(retitled);
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
            })
        };
        busy.push(pyflix.load("/movies", false, 32, seconds).await?);
        retitling.abort();
    }
    let published = version()
        .await
        .zip(before)
        .map(|(now, before)| now - before);
    println!("{} versions were published", published.unwrap_or_default());
    for (what, loads) in [("without publishing", &idle), ("while publishing", &busy)] {
        let median = |of: fn(&Load) -> f64| median(loads.iter().map(of));
        let (rate, p99) = (median(|load| load.rate), median(|load| load.p99));
        println!("{what}: {rate:.0} requests/s, p99 {p99:.2} ms");
    }
    let ratios = busy
        .iter()
        .zip(&idle)
        .map(|(busy, idle)| busy.p99 / idle.p99);
    println!(
        "p99 while publishing to that without publishing: {:.2}",
        median(ratios)
    );
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    Measurements::new(values.collect()).percentile(50)
}

async fn pyflix() -> Result<Server> {
    pyflix_in(TempDir::new()?, &[("PYFLIX_PROVIDER_URLS", NO_SOURCE)]).await
}

async fn pyflix_in(folder: TempDir, envs: &[(&str, &str)]) -> Result<Server> {
    let process = Service::start_web_in(folder.path(), "webapp", envs, &[], DEADLINE).await;
    let url = process.url().to_owned();
    wait_until_serving(&url).await;
    Ok(Server {
        name: "PyFlix",
        url,
        process,
        _folder: folder,
    })
}

async fn wait_until_serving(url: &str) {
    let movies = format!("{url}/movies");
    testkit::eventually(DEADLINE, async || {
        let response = try_get(&movies).await;
        response.is_ok_and(|response| response.status == 200)
    })
    .await;
}

/// An nginx with the web app's responses as files.
async fn nginx(name: &'static str, workers: u32, pyflix: &str) -> Result<Server> {
    let folder = TempDir::new()?;
    let root = folder.path();
    for (path, _) in REQUESTS {
        let file = root.join("files").join(path.trim_start_matches('/'));
        fs::create_dir_all(file.parent().context("a folder")?)?;
        fs::write(file, get(&format!("{pyflix}{path}")).await.body)?;
    }
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let conf = root.join("nginx.conf");
    let root = root.display();
    fs::write(
        &conf,
        format!(
            "daemon off; user root; pid {root}/pid; error_log {root}/error.log; worker_processes {workers};
             worker_rlimit_nofile 8192;
             events {{ worker_connections 4096; }}
             http {{
               access_log off; sendfile off; etag on; default_type application/json;
               keepalive_requests 1000000000; open_file_cache max=100;
               client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
               uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
               server {{
                 listen 127.0.0.1:{port} backlog=4096; root {root}/files;
                 location = /movies {{ default_type text/html; }}
                 add_header Cache-Control no-cache;
               }}
             }}"
        ),
    )?;
    let conf = conf.display().to_string();
    let process = Service::start_program(folder.path(), &program("nginx")?, &["-c", &conf]);
    let url = format!("http://127.0.0.1:{port}");
    wait_until_serving(&url).await;
    Ok(Server {
        name,
        url,
        process,
        _folder: folder,
    })
}

pub(crate) fn program(name: &str) -> Result<std::path::PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .into_iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|program| program.is_file())
        .with_context(|| format!("{name} is missing: apt-get install {name}"))
}

impl Server {
    /// Loads it with `wrk`; `known` sends the ETag.
    pub(crate) async fn load(
        &self,
        path: &str,
        known: bool,
        connections: u32,
        seconds: u32,
    ) -> Result<Load> {
        let url = format!("{}{path}", self.url);
        let mut wrk = Command::new(program("wrk")?);
        wrk.args(["-t1", "--latency"])
            .arg(format!("-c{connections}"))
            .arg(format!("-d{seconds}s"));
        if known {
            let response = get(&url).await;
            let etag = response
                .header("etag")
                .context("a response without an ETag")?;
            wrk.arg("-H").arg(format!("If-None-Match: {etag}"));
        }
        wrk.arg(&url);
        let before = cpu_microseconds(self.process.pid())?;
        let output = tokio::task::spawn_blocking(move || wrk.output()).await??;
        let spent = cpu_microseconds(self.process.pid())? - before;
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "wrk failed: {report}");
        let after = |what: &str| {
            let line = report
                .lines()
                .find_map(|line| line.trim().strip_prefix(what));
            line.map(str::trim)
                .with_context(|| format!("wrk does not report {what}: {report}"))
        };
        let is_error = |line: &&str| line.contains("Socket errors") || line.contains("Non-2xx");
        if let Some(errors) = report.lines().find(is_error) {
            bail!(
                "{} at {connections} connections: {}",
                self.name,
                errors.trim()
            );
        }
        let requests = report
            .lines()
            .find_map(|line| line.trim().split_once(" requests in"))
            .context("wrk does not report how many requests it sent")?;
        let requests: f64 = requests.0.parse()?;
        Ok(Load {
            rate: after("Requests/sec:")?.parse()?,
            cpu: spent / requests,
            p99: milliseconds(after("99%")?)?,
        })
    }
}

fn milliseconds(text: &str) -> Result<f64> {
    for (unit, factor) in [("us", 0.001), ("ms", 1.0), ("s", 1000.0)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * factor);
        }
    }
    bail!("{text} is no time");
}

/// CPU time of a process and its children so far.
fn cpu_microseconds(pid: u32) -> Result<f64> {
    let mut spent = 0.0;
    for process in fs::read_dir("/proc")? {
        let path = process?.path();
        let Ok(stat) = fs::read_to_string(path.join("stat")) else {
            continue;
        };
        let Some((head, tail)) = stat.rsplit_once(')') else {
            continue;
        };
        let fields: Vec<_> = tail.split_whitespace().collect();
        let is = |field: Option<&str>| field.and_then(|field| field.parse().ok()) == Some(pid);
        let own = is(head.split_whitespace().next());
        if own || is(fields.get(1).copied()) {
            for field in [11, 12] {
                let ticks: f64 = fields.get(field).context("a short stat")?.parse()?;
                // A tick is a hundredth of a second on Linux.
                spent += ticks * 10_000.0;
            }
        }
    }
    Ok(spent)
}
