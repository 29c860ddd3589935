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

use super::connection::{CALL_TIMEOUT, Connection, HEAD_READ_TIMEOUT};
use super::document::{HEAD, STATE};
use super::error::explain;

/// How long the server may wait for events before it responds.
const MAX_AWAIT_TIME: Duration = Duration::from_secs(1);
/// How often the head is polled on a standalone server.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

const MIN_RETRY_DELAY: Duration = Duration::from_millis(100);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(5);

/// The code for change streams on a standalone server.
const NOT_A_REPLICA_SET: i32 = 40_573;

/// Notifies when the head may have changed: by a change stream on a replica set, by polling on a
/// standalone server. A missed change only costs time.
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

    /// Notifies this process of its own change.
    pub(super) fn notify(&self) {
        notify(&self.notifications);
    }

    /// Subscribes; the first call starts listening.
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

/// Why a change stream ended.
enum StreamError {
    Driver(Error),
    Timeout,
    Closed,
}

async fn listen(connection: Connection, notifications: watch::Sender<u64>) {
    let mut position = Position::default();
    let mut is_logged = false;
    loop {
        let error = follow(&connection, &notifications, &mut position).await;
        if error.is_standalone() {
            if !is_logged {
                tracing::info!(
                    "MongoDB is not a replica set, so it has no change streams: polling every {} ms",
                    POLL_INTERVAL.as_millis()
                );
                is_logged = true;
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

/// Where to resume, and after what delay.
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

/// Notifies of every event of one change stream, and of its opening, since earlier changes were
/// missed.
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
        // After an interrupted call the stream is not used again.
        match bounded(MAX_AWAIT_TIME + CALL_TIMEOUT, stream.next_if_any()).await {
            Ok(Some(_)) => notify(notifications),
            // A closed stream would return at once for ever.
            Ok(None) if !stream.is_alive() => return StreamError::Closed,
            Ok(None) => {}
            Err(error) => return error,
        }
        position.token = stream.resume_token();
        position.delay = MIN_RETRY_DELAY;
    }
}

/// Opens a stream on the database: one on the collection ends when the collection is dropped.
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

/// Polls the head and notifies of changes, until a read fails.
async fn poll(
    connection: &Connection,
    notifications: &watch::Sender<u64>,
    position: &mut Position,
) {
    let mut last = None;
    loop {
        let head = connection
            .call(HEAD_READ_TIMEOUT, |database| async move {
                database
                    .collection::<Document>(STATE)
                    .find_one(doc! { "_id": HEAD })
                    .projection(doc! { "version": 1, "fence": 1, "last_sync": 1 })
                    .await
            })
            .await;
        let Ok(head) = head else { return };
        position.delay = MIN_RETRY_DELAY;
        let head = Some(head);
        if head != last {
            notify(notifications);
            last = head;
        }
        sleep(POLL_INTERVAL).await;
    }
}

async fn bounded<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, StreamError> {
    match timeout(limit, call).await {
        Ok(result) => result.map_err(StreamError::Driver),
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

    /// Whether the stream cannot be resumed: the server refused the resume token, because the oplog
    /// no longer has it or the stream was closed for good.
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
