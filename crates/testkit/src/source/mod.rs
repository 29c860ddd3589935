//! An upstream Ghibli API under the test's control: its data, its faults, its outages.
//!
//! It answers as the original server does: `/films`, `/films/` and `/films/{id}`, all records
//! without a query, `limit` (250 at most) or `_start`, `_page` and `_limit` with `X-Total-Count`.

mod answer;
mod catalogue;
mod fault;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use catalogue::{COLLECTIONS, Catalogue, film};
pub use fault::Fault;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// A running source; it ends when it is dropped.
pub struct Source {
    address: SocketAddr,
    state: Arc<State>,
    presence: Mutex<Presence>,
}

impl Source {
    /// Starts one with [`Catalogue::invented`].
    pub async fn start() -> Self {
        Self::start_with(Catalogue::invented()).await
    }

    /// Starts one with data of the test's own.
    pub async fn start_with(catalogue: Catalogue) -> Self {
        Self::listen(catalogue, None).await
    }

    /// Starts one that never gives more than `cap` records in an answer, as the documentation of
    /// the original says of its default (50) and its limit (250). What lies beyond is reached with
    /// `_start` or `_page`, and `_limit`.
    pub async fn capped(catalogue: Catalogue, cap: usize) -> Self {
        Self::listen(catalogue, Some(cap)).await
    }

    /// Where it listens, as `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it serves now.
    pub fn catalogue(&self) -> Catalogue {
        locked(&self.state.catalogue).clone()
    }

    /// Changes what it serves, all at once.
    pub fn edit<T>(&self, change: impl FnOnce(&mut Catalogue) -> T) -> T {
        change(&mut locked(&self.state.catalogue))
    }

    /// Replaces the records of a collection.
    pub fn set(&self, collection: &str, records: Vec<Value>) {
        self.edit(|catalogue| *catalogue.collection_mut(collection) = records);
    }

    /// Gives a film another title.
    pub fn rename_film(&self, id: &str, title: &str) {
        self.edit(|catalogue| catalogue.film_mut(id)["title"] = json!(title));
    }

    /// Removes a film; links to it stay, as they would at the source.
    pub fn remove_film(&self, id: &str) {
        self.edit(|catalogue| catalogue.films.retain(|film| film["id"] != id));
    }

    /// Adds a film, such as [`film`] makes.
    pub fn add_film(&self, film: Value) {
        self.edit(|catalogue| catalogue.films.push(film));
    }

    /// Gives every right answer an ETag made of its body from now on, and 304 to whoever has it.
    pub fn name_answers(&self) {
        *locked(&self.state.naming) = Naming::ByBody;
    }

    /// Gives every right answer the same `ETag`, whatever its body, and 304 to whoever has it.
    pub fn name_all_answers_alike(&self) {
        *locked(&self.state.naming) = Naming::Alike;
    }

    /// How often a collection was answered with 304.
    pub fn not_modified(&self, collection: &str) -> usize {
        let counts = locked(&self.state.not_modified);
        counts.get(collection).copied().unwrap_or(0)
    }

    /// Answers every request to a collection with a fault, from now on.
    pub fn misbehave(&self, collection: &str, fault: Fault) {
        self.fail(collection, Failing { fault, times: None });
    }

    /// Answers the next `times` requests to a collection with a fault.
    pub fn misbehave_times(&self, collection: &str, fault: Fault, times: usize) {
        let times = Some(times);
        self.fail(collection, Failing { fault, times });
    }

    /// Answers every request with a fault, from now on.
    pub fn misbehave_everywhere(&self, fault: Fault) {
        for collection in COLLECTIONS {
            self.misbehave(collection, fault.clone());
        }
    }

    /// Ends all faults.
    pub fn behave(&self) {
        locked(&self.state.faults).clear();
    }

    /// How often a collection has been asked for, faults included.
    pub fn requests(&self, collection: &str) -> usize {
        self.state
            .asked
            .borrow()
            .iter()
            .filter(|path| is_of(path, collection))
            .count()
    }

    /// Every path, with its query, that has been asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.state.asked.borrow().clone()
    }

    /// Waits until a collection has been asked for `count` times in all.
    pub async fn wait_for_requests(&self, collection: &str, count: usize, deadline: Duration) {
        let mut asked = self.state.asked.subscribe();
        let enough = asked
            .wait_for(|paths| paths.iter().filter(|path| is_of(path, collection)).count() >= count);
        if tokio::time::timeout(deadline, enough).await.is_err() {
            let requests = self.requests(collection);
            panic!("/{collection} was asked {requests} times within {deadline:?}, not {count}");
        }
    }

    /// Closes all connections and refuses new ones, until [`Self::resume`].
    pub async fn stop(&self) {
        let Presence::Listening(task) = self.swap(Presence::Gone) else {
            return;
        };
        task.abort();
        // Cancelled is what it should be.
        let _ = task.await;
        let reserved = TcpSocket::new_v4().expect("a socket can be made");
        reserved
            .set_reuseaddr(true)
            .expect("an address can be used again");
        reserved
            .bind(self.address)
            .expect("the port was free a moment ago");
        self.swap(Presence::Refusing(reserved));
    }

    /// Accepts connections again, on the same port.
    pub async fn resume(&self) {
        if let Presence::Refusing(reserved) = self.swap(Presence::Gone) {
            let listener = reserved.listen(64).expect("a bound socket can listen");
            let task = tokio::spawn(serve(listener, Arc::clone(&self.state)));
            self.swap(Presence::Listening(task));
        }
    }
}

/// What the requests see.
struct State {
    catalogue: Mutex<Catalogue>,
    faults: Mutex<HashMap<String, Failing>>,
    naming: Mutex<Naming>,
    /// How many 304 there were by collection.
    not_modified: Mutex<HashMap<String, usize>>,
    asked: watch::Sender<Vec<String>>,
    cap: Option<usize>,
}

/// What right answers are called.
#[derive(Clone, Copy, Default)]
enum Naming {
    #[default]
    Nothing,
    ByBody,
    Alike,
}

struct Failing {
    fault: Fault,
    /// How many more requests it answers; all of them if none.
    times: Option<usize>,
}

impl State {
    /// The fault that answers this request to a collection.
    fn next_fault(&self, collection: &str) -> Option<Fault> {
        let mut faults = locked(&self.faults);
        let failing = faults.get_mut(collection)?;
        if let Some(times) = &mut failing.times {
            let Some(left) = times.checked_sub(1) else {
                faults.remove(collection);
                return None;
            };
            *times = left;
        }
        Some(failing.fault.clone())
    }
}

enum Presence {
    Listening(JoinHandle<()>),
    /// Bound, so that nobody else gets the port, but not listening.
    Refusing(TcpSocket),
    Gone,
}

impl Source {
    async fn listen(catalogue: Catalogue, cap: Option<usize>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let state = Arc::new(State {
            catalogue: Mutex::new(catalogue),
            faults: Mutex::default(),
            naming: Mutex::default(),
            not_modified: Mutex::default(),
            asked: watch::Sender::default(),
            cap,
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self {
            address,
            state,
            presence: Mutex::new(Presence::Listening(task)),
        }
    }

    fn fail(&self, collection: &str, failing: Failing) {
        assert!(
            COLLECTIONS.contains(&collection),
            "the source has no collection {collection}"
        );
        locked(&self.state.faults).insert(collection.to_owned(), failing);
    }

    fn swap(&self, presence: Presence) -> Presence {
        std::mem::replace(&mut locked(&self.presence), presence)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Presence::Listening(task) = self.swap(Presence::Gone) {
            task.abort();
        }
    }
}

/// Serves until it is dropped, and its connections with it.
async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(converse(stream, Arc::clone(&state)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, state: Arc<State>) {
    let service = service_fn(|request| Box::pin(answer::answer(&state, request)));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = (&mut connection).await
        && std::error::Error::source(&error).is_some_and(|cause| cause.is::<fault::Reset>())
    {
        let stream = connection.into_parts().io.into_inner();
        stream
            .set_zero_linger()
            .expect("an open socket can be set to reset");
    }
}

fn is_of(path: &str, collection: &str) -> bool {
    answer::collection_of(path) == collection
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
