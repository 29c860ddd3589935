use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::ResumeToken;
use mongodb::error::{Error, ErrorKind, RESUMABLE_CHANGE_STREAM_ERROR};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::STATE;
use super::connection::{CALL_TIMEOUT, Connection, HEAD_READ_TIMEOUT};
use super::document::HEAD;
use super::error::explain;

/// How long the server may hold back an answer while nothing happens.
const MAX_AWAIT_TIME: Duration = Duration::from_secs(1);
/// How often a lone server is asked.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

const MIN_RETRY_DELAY: Duration = Duration::from_millis(100);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(5);

/// What a server says that is no member of a replica set.
const NOT_A_REPLICA_SET: i32 = 40_573;

/// Notifies when the head may have changed: a change stream on a replica set, a poll now and then
/// on a lone server. What it misses costs time and nothing else.
#[derive(Debug)]
pub(super) struct ChangeNotifier {
    notifications: watch::Sender<u64>,
    listener: OnceLock<Listener>,
}

/// The background task; it ends with the store.
#[derive(Debug)]
struct Listener(JoinHandle<()>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ChangeNotifier {
    pub(super) fn new() -> Self {
        Self {
            notifications: watch::Sender::new(0),
            listener: OnceLock::new(),
        }
    }

    /// Tells this process at once of what it did itself.
    pub(super) fn notify(&self) {
        notify(&self.notifications);
    }

    /// Listens from the first call on.
    pub(super) fn subscribe(&self, connection: &Connection) -> watch::Receiver<u64> {
        self.listener.get_or_init(|| {
            let listening = listen(connection.clone(), self.notifications.clone());
            Listener(tokio::spawn(listening))
        });
        self.notifications.subscribe()
    }
}

fn notify(notifications: &watch::Sender<u64>) {
    notifications.send_modify(|count| *count = count.wrapping_add(1));
}

/// Why listening stopped.
enum StreamError {
    Driver(Error),
    Timeout,
    Closed,
}

async fn listen(connection: Connection, notifications: watch::Sender<u64>) {
    let mut position = Position::default();
    let mut told = false;
    loop {
        let error = follow(&connection, &notifications, &mut position).await;
        if error.is_standalone() {
            if !told {
                tracing::info!(
                    "MongoDB is not a replica set, so it has no change streams: polling every {} ms",
                    POLL_INTERVAL.as_millis()
                );
                told = true;
            }
            poll(&connection, &notifications, &mut position).await;
        } else {
            tracing::debug!("lost the change stream: {}", error.reason());
            if error.loses_its_position() {
                position.token = None;
            }
        }
        sleep(position.next_delay()).await;
    }
}

/// Where to go on, and how patiently.
struct Position {
    token: Option<ResumeToken>,
    delay: Duration,
}

impl Default for Position {
    fn default() -> Self {
        Self {
            token: None,
            delay: MIN_RETRY_DELAY,
        }
    }
}

impl Position {
    fn next_delay(&mut self) -> Duration {
        let delay = self.delay;
        self.delay = MAX_RETRY_DELAY.min(delay * 2);
        delay
    }
}

/// Notifies of every event of one change stream, and for its being opened: before that there was
/// nobody to hear.
async fn follow(
    connection: &Connection,
    notifications: &watch::Sender<u64>,
    position: &mut Position,
) -> StreamError {
    let mut stream = match bounded(CALL_TIMEOUT, open(connection, position.token.clone())).await {
        Ok(stream) => stream,
        Err(error) => return error,
    };
    notify(notifications);
    loop {
        // A stream whose call was broken off is never used again.
        match bounded(MAX_AWAIT_TIME + CALL_TIMEOUT, stream.next_if_any()).await {
            Ok(Some(_)) => notify(notifications),
            // An ended stream would answer at once for ever.
            Ok(None) if !stream.is_alive() => return StreamError::Closed,
            Ok(None) => {}
            Err(error) => return error,
        }
        position.token = stream.resume_token();
        position.delay = MIN_RETRY_DELAY;
    }
}

/// On the database and not on the collection: a stream on a collection ends when it is dropped.
async fn open(
    connection: &Connection,
    token: Option<ResumeToken>,
) -> Result<ChangeStream<Document>, Error> {
    let head = doc! { "$or": [
        { "documentKey._id": HEAD },
        { "documentKey": { "$exists": false } },
    ] };
    let database = connection.listening().await?;
    let stream = database
        .watch()
        .pipeline([
            doc! { "$match": { "ns.coll": STATE, "$and": [head] } },
            doc! { "$project": { "_id": 1, "operationType": 1 } },
        ])
        .resume_after(token)
        .max_await_time(MAX_AWAIT_TIME)
        .await?;
    Ok(stream.with_type())
}

/// Notifies when a look at the head differs from the one before, until a look fails.
async fn poll(
    connection: &Connection,
    notifications: &watch::Sender<u64>,
    position: &mut Position,
) {
    let mut last = None;
    loop {
        let look = connection
            .call(HEAD_READ_TIMEOUT, |database| async move {
                database
                    .collection::<Document>(STATE)
                    .find_one(doc! { "_id": HEAD })
                    .projection(doc! { "version": 1, "fence": 1, "last_sync": 1 })
                    .await
            })
            .await;
        let Ok(look) = look else { return };
        position.delay = MIN_RETRY_DELAY;
        let look = Some(look);
        if look != last {
            notify(notifications);
            last = look;
        }
        sleep(POLL_INTERVAL).await;
    }
}

async fn bounded<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, StreamError> {
    match timeout(limit, call).await {
        Ok(answer) => answer.map_err(StreamError::Driver),
        Err(_) => Err(StreamError::Timeout),
    }
}

impl StreamError {
    fn is_standalone(&self) -> bool {
        let Self::Driver(error) = self else {
            return false;
        };
        matches!(
            &*error.kind,
            ErrorKind::Command(command) if command.code == NOT_A_REPLICA_SET
                || command.message.contains("only supported on replica sets")
        )
    }

    /// Whether the stream cannot go on where it was: the server refused the position itself, since
    /// its log has rolled over or the stream was closed for good.
    fn loses_its_position(&self) -> bool {
        match self {
            Self::Driver(error) => {
                matches!(&*error.kind, ErrorKind::Command(_))
                    && !error.contains_label(RESUMABLE_CHANGE_STREAM_ERROR)
            }
            Self::Timeout => false,
            Self::Closed => true,
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Driver(error) => explain(error),
            Self::Timeout => "no response from MongoDB".into(),
            Self::Closed => "the server closed it".into(),
        }
    }
}
