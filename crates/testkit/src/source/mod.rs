//! A fake Ghibli API with editable data, faults and outages.
//!
//! It responds as the original server does: `/films`, `/films/` and `/films/{id}`, all records
//! without a query, `limit` (250 at most) or `_start`, `_page` and `_limit` with `X-Total-Count`.

mod catalogue;
mod fault;
mod response;

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

/// A running source, until it is dropped.
pub struct Source {
    address: SocketAddr,
    state: Arc<State>,
    connectivity: Mutex<Connectivity>,
}

impl Source {
    /// Starts one with [`Catalogue::invented`].
    pub async fn start() -> Self {
        Self::start_with(Catalogue::invented()).await
    }

    /// Starts one with a given catalogue.
    pub async fn start_with(catalogue: Catalogue) -> Self {
        Self::listen(catalogue, None).await
    }

    /// Starts one with at most `cap` records in a response, as the documentation of the original
    /// says of its default (50) and its limit (250). `_start` or `_page` with `_limit` reach the
    /// others.
    pub async fn capped(catalogue: Catalogue, cap: usize) -> Self {
        Self::listen(catalogue, Some(cap)).await
    }

    /// Its address as `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The current catalogue.
    pub fn catalogue(&self) -> Catalogue {
        locked(&self.state.catalogue).clone()
    }

    /// Changes the catalogue atomically.
    pub fn edit<T>(&self, change: impl FnOnce(&mut Catalogue) -> T) -> T {
        change(&mut locked(&self.state.catalogue))
    }

    /// Replaces the records of a collection.
    pub fn set(&self, collection: &str, records: Vec<Value>) {
        self.edit(|catalogue| *catalogue.collection_mut(collection) = records);
    }

    /// Changes the title of a film.
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

    /// Sends an ETag of the body with every correct response from now on, and 304 to a match.
    pub fn send_etags(&self) {
        *locked(&self.state.etag_mode) = EtagMode::OfBody;
    }

    /// Sends the same ETag with every correct response, whatever its body, and 304 to a match.
    pub fn send_one_etag_for_all(&self) {
        *locked(&self.state.etag_mode) = EtagMode::Constant;
    }

    /// Number of 304 responses of a collection.
    pub fn not_modified(&self, collection: &str) -> usize {
        let counts = locked(&self.state.not_modified);
        counts.get(collection).copied().unwrap_or(0)
    }

    /// Responds to every request for a collection with a fault from now on.
    pub fn misbehave(&self, collection: &str, fault: Fault) {
        self.fail(collection, ActiveFault { fault, times: None });
    }

    /// Responds to the next `times` requests for a collection with a fault.
    pub fn misbehave_times(&self, collection: &str, fault: Fault, times: usize) {
        let times = Some(times);
        self.fail(collection, ActiveFault { fault, times });
    }

    /// Responds to every request with a fault from now on.
    pub fn misbehave_everywhere(&self, fault: Fault) {
        for collection in COLLECTIONS {
            self.misbehave(collection, fault.clone());
        }
    }

    /// Ends all faults.
    pub fn behave(&self) {
        locked(&self.state.faults).clear();
    }

    /// Number of requests for a collection, faults included.
    pub fn requests(&self, collection: &str) -> usize {
        self.state
            .requested
            .borrow()
            .iter()
            .filter(|path| is_of(path, collection))
            .count()
    }

    /// The path and query of every request, in order.
    pub fn requested_paths(&self) -> Vec<String> {
        self.state.requested.borrow().clone()
    }

    /// Waits until there have been `count` requests for a collection in all.
    pub async fn wait_for_requests(&self, collection: &str, count: usize, deadline: Duration) {
        let mut requested = self.state.requested.subscribe();
        let enough = requested
            .wait_for(|paths| paths.iter().filter(|path| is_of(path, collection)).count() >= count);
        if tokio::time::timeout(deadline, enough).await.is_err() {
            let requests = self.requests(collection);
            panic!("/{collection} got {requests} requests within {deadline:?}, not {count}");
        }
    }

    /// Closes all connections and refuses new ones, until [`Self::resume`].
    pub async fn stop(&self) {
        let Connectivity::Listening(task) = self.swap(Connectivity::Closed) else {
            return;
        };
        task.abort();
        // It ends as cancelled.
        let _ = task.await;
        let reserved = TcpSocket::new_v4().expect("a socket can be made");
        reserved
            .set_reuseaddr(true)
            .expect("an address can be used again");
        reserved
            .bind(self.address)
            .expect("the port was free a moment ago");
        self.swap(Connectivity::Refusing(reserved));
    }

    /// Accepts connections again, on the same port.
    pub async fn resume(&self) {
        if let Connectivity::Refusing(reserved) = self.swap(Connectivity::Closed) {
            let listener = reserved.listen(64).expect("a bound socket can listen");
            let task = tokio::spawn(serve(listener, Arc::clone(&self.state)));
            self.swap(Connectivity::Listening(task));
        }
    }
}

/// The state that responses are made from.
struct State {
    catalogue: Mutex<Catalogue>,
    faults: Mutex<HashMap<String, ActiveFault>>,
    etag_mode: Mutex<EtagMode>,
    /// Number of 304 responses by collection.
    not_modified: Mutex<HashMap<String, usize>>,
    requested: watch::Sender<Vec<String>>,
    cap: Option<usize>,
}

/// The ETag of correct responses.
#[derive(Clone, Copy, Default)]
enum EtagMode {
    #[default]
    None,
    OfBody,
    Constant,
}

struct ActiveFault {
    fault: Fault,
    /// Number of remaining requests; `None` for all.
    times: Option<usize>,
}

impl State {
    /// The fault for this request.
    fn next_fault(&self, collection: &str) -> Option<Fault> {
        let mut faults = locked(&self.faults);
        let fault = faults.get_mut(collection)?;
        if let Some(times) = &mut fault.times {
            let Some(left) = times.checked_sub(1) else {
                faults.remove(collection);
                return None;
            };
            *times = left;
        }
        Some(fault.fault.clone())
    }
}

enum Connectivity {
    Listening(JoinHandle<()>),
    /// Bound, so that no other process gets the port, but not listening.
    Refusing(TcpSocket),
    Closed,
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
            etag_mode: Mutex::default(),
            not_modified: Mutex::default(),
            requested: watch::Sender::default(),
            cap,
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self {
            address,
            state,
            connectivity: Mutex::new(Connectivity::Listening(task)),
        }
    }

    fn fail(&self, collection: &str, fault: ActiveFault) {
        assert!(
            COLLECTIONS.contains(&collection),
            "the source has no collection {collection}"
        );
        locked(&self.state.faults).insert(collection.to_owned(), fault);
    }

    fn swap(&self, connectivity: Connectivity) -> Connectivity {
        std::mem::replace(&mut locked(&self.connectivity), connectivity)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Connectivity::Listening(task) = self.swap(Connectivity::Closed) {
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
                connections.spawn(serve_connection(stream, Arc::clone(&state)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, state: Arc<State>) {
    let service = service_fn(|request| Box::pin(response::respond(&state, request)));
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
    response::collection_of(path) == collection
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
