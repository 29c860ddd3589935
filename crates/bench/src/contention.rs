//! The latency of `/movies` on a keep-alive connection while other clients send costly requests in a
//! loop.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::generate::Generated;
use crate::report::report;
use crate::setup::{Setup, StoreKind, wait_until_indexed};

const COSTLY_CLIENTS: usize = 8;
/// Between a response and the next request for `/movies`.
const PAUSE: Duration = Duration::from_millis(5);

/// Measures `/movies` without other clients, then beside each kind of costly request.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(
    store: StoreKind,
    movies: u64,
    seconds: u64,
    only: Option<String>,
) -> Result<()> {
    let setup = Setup::new(store, movies, "15s").await?;
    setup.sync().await?;
    let webapp = setup.start_webapp().await;
    wait_until_indexed(&webapp).await;
    let host = webapp.url().trim_start_matches("http://").to_owned();
    let time = Duration::from_secs(seconds);
    println!("{movies} movies, {COSTLY_CLIENTS} clients with costly requests, {seconds} s each");
    report("/movies alone", "ms", measure_movies(&host, time)?);
    for (name, request) in REQUESTS {
        if only.as_ref().is_some_and(|only| !name.contains(&**only)) {
            continue;
        }
        let costly = CostlyClients::start(&host, setup.generated, request);
        let milliseconds = measure_movies(&host, time);
        let (counts, took) = costly.stop()?;
        report(&format!("/movies beside {name}"), "ms", milliseconds?);
        report(&format!("  each of these, {counts}"), "ms", took);
    }
    Ok(())
}

/// The milliseconds of each request for `/movies`.
fn measure_movies(host: &str, time: Duration) -> Result<Vec<f64>> {
    let mut connection = BufReader::new(TcpStream::connect(host)?);
    let request = format!("GET /movies HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let mut milliseconds = Vec::new();
    let end = Instant::now() + time;
    while Instant::now() < end {
        let started = Instant::now();
        connection.get_mut().write_all(request.as_bytes())?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            ensure!(connection.read_line(&mut line)? > 0, "the connection ended");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(bytes) = line.strip_prefix("content-length: ") {
                length = bytes.parse()?;
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body)?;
        milliseconds.push(started.elapsed().as_secs_f64() * 1000.0);
        thread::sleep(PAUSE);
    }
    Ok(milliseconds)
}

/// Clients that send a request as soon as they have the response to the one before.
struct CostlyClients {
    shared: Arc<Shared>,
    clients: Vec<thread::JoinHandle<Result<()>>>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    next: AtomicU64,
    served: AtomicU64,
    refused: AtomicU64,
    milliseconds: Mutex<Vec<f64>>,
}

impl CostlyClients {
    fn start(host: &str, generated: Generated, request: Request) -> Self {
        let shared = Arc::new(Shared::default());
        let clients = (0..COSTLY_CLIENTS).map(|_| {
            let (shared, host) = (shared.clone(), host.to_owned());
            thread::spawn(move || {
                while !shared.is_over.load(Ordering::Relaxed) {
                    let number = shared.next.fetch_add(1, Ordering::Relaxed);
                    shared.send(&host, &request(generated, number))?;
                }
                Ok(())
            })
        });
        Self {
            clients: clients.collect(),
            shared,
        }
    }

    /// Numbers of served and refused requests, and the durations of the served ones.
    fn stop(self) -> Result<(String, Vec<f64>)> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().ok().context("a client panicked")??;
        }
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (served, refused) = (count(&self.shared.served), count(&self.shared.refused));
        let mut took = self.shared.milliseconds.lock();
        let took = took.as_deref_mut().map(std::mem::take).unwrap_or_default();
        Ok((format!("{served} served, {refused} refused"), took))
    }
}

impl Shared {
    /// Sends a request and reads the whole response; 503 and 504 are refusals.
    fn send(&self, host: &str, (path, encoding): &(String, &str)) -> Result<()> {
        let started = Instant::now();
        let mut connection = TcpStream::connect(host)?;
        write!(
            connection,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: {encoding}\r\nConnection: close\r\n\r\n"
        )?;
        let mut connection = BufReader::new(connection);
        let mut status = String::new();
        connection.read_line(&mut status)?;
        std::io::copy(&mut connection, &mut std::io::sink())?;
        match status.split(' ').nth(1) {
            Some("200") => {
                self.served.fetch_add(1, Ordering::Relaxed);
                let took = started.elapsed().as_secs_f64() * 1000.0;
                if let Ok(mut milliseconds) = self.milliseconds.lock() {
                    milliseconds.push(took);
                }
            }
            Some("503" | "504") => {
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            _ => anyhow::bail!("{path}: {status}"),
        }
        Ok(())
    }
}

/// A path and an `Accept-Encoding`, different for each number so that no response is cached.
type Request = fn(Generated, u64) -> (String, &'static str);

const REQUESTS: [(&str, Request); 10] = [
    ("/ghibli, 49 conditions on few values", |_, n| {
        let conditions: Vec<_> = (0..49)
            .map(|place| format!("director.{place}_ne=x{n}"))
            .collect();
        let query = conditions.join("&");
        (format!("/ghibli/films?{query}&_limit=9"), "gzip")
    }),
    ("/ghibli, 49 conditions on all records", |_, n| {
        let conditions: Vec<_> = (0..49)
            .map(|place| format!("description.{place}_ne=x{n}"))
            .collect();
        let query = conditions.join("&");
        (format!("/ghibli/films?{query}&_limit=9"), "gzip")
    }),
    ("/ghibli, deep pages", |all, n| {
        let sort = ["director", "rt_score", "title", "description"][(n % 4) as usize];
        let page = deep(all, n, 250);
        (
            format!("/ghibli/films?_sort={sort}&_page={page}&_limit=250"),
            "br",
        )
    }),
    ("/ghibli, patterns", |_, n| {
        let path = format!("/ghibli/films?description_like=(a|o)[a-z]{{2,9}} .*({n}|x)&_limit=9");
        (path.replace(' ', "+"), "gzip")
    }),
    ("/ghibli, texts", |_, n| {
        (format!("/ghibli/films?q=nobody{n}&_limit=9"), "gzip")
    }),
    ("/api/v1, deep pages with relations", |all, n| {
        let page = deep(all, n, 250);
        let path = format!(
            "/api/v1/movies?sort=-score&per_page=250&page={page}&include=people,locations,species,vehicles"
        );
        (path, "br")
    }),
    ("/api/v1, searches", |all, n| {
        let title = all.title(n * 7919 % all.movies).replace(' ', "+");
        (format!("/api/v1/search?q={title}&per_page=250"), "br")
    }),
    ("/movies, filters and deep pages", |all, n| {
        let page = deep(all, n, 100) / 2 + 1;
        let from = 1930 + n % 9;
        let path =
            format!("/movies?year_min={from}&year_max=2024&sort=-title&people=all&page={page}");
        (path, "br")
    }),
    ("/search, typing errors", |all, n| {
        let title = all.title(n * 104_729 % all.movies).replace(' ', "x+");
        (format!("/search?q={title}"), "br")
    }),
    ("/ghibli/films whole, in brotli", |_, _| {
        ("/ghibli/films".to_owned(), "br")
    }),
];

/// A page of the last tenth.
fn deep(all: Generated, n: u64, per_page: u64) -> u64 {
    let pages = all.movies.div_ceil(per_page);
    pages - n * 7919 % (pages / 10).max(1)
}
