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
use super::connection::{CALL, Connection, GLANCE};
use super::document::HEAD;
use super::error::explain;

/// How long the server may hold back an answer while nothing happens.
const AWAIT: Duration = Duration::from_secs(1);
/// How often a lone server is asked.
const POLL: Duration = Duration::from_millis(250);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a server says that is no member of a replica set.
const ONLY_ON_REPLICA_SETS: i32 = 40_573;

/// Rings when the head may have changed: a change stream on a replica set, a look now and then
/// on a lone server. What it misses costs time and nothing else.
#[derive(Debug)]
pub(super) struct Doorbell {
    bell: watch::Sender<u64>,
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

impl Doorbell {
    pub(super) fn new() -> Self {
        Self {
            bell: watch::Sender::new(0),
            listener: OnceLock::new(),
        }
    }

    /// Tells this process at once of what it did itself.
    pub(super) fn ring(&self) {
        ring(&self.bell);
    }

    /// Listens from the first call on.
    pub(super) fn hear(&self, connection: &Connection) -> watch::Receiver<u64> {
        self.listener.get_or_init(|| {
            let listening = listen(connection.clone(), self.bell.clone());
            Listener(tokio::spawn(listening))
        });
        self.bell.subscribe()
    }
}

fn ring(bell: &watch::Sender<u64>) {
    bell.send_modify(|rings| *rings = rings.wrapping_add(1));
}

/// Why listening stopped.
enum Lost {
    Driver(Error),
    Late,
    Closed,
}

async fn listen(connection: Connection, bell: watch::Sender<u64>) {
    let mut place = Place::default();
    let mut told = false;
    loop {
        let lost = follow(&connection, &bell, &mut place).await;
        if lost.is_alone() {
            if !told {
                tracing::info!(
                    "MongoDB is not a replica set, so it has no change streams: polling every {} ms",
                    POLL.as_millis()
                );
                told = true;
            }
            poll(&connection, &bell, &mut place).await;
        } else {
            tracing::debug!("lost the change stream: {}", lost.reason());
            if lost.loses_the_place() {
                place.token = None;
            }
        }
        sleep(place.next_pause()).await;
    }
}

/// Where to go on, and how patiently.
struct Place {
    token: Option<ResumeToken>,
    pause: Duration,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            token: None,
            pause: FIRST_PAUSE,
        }
    }
}

impl Place {
    fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = LONGEST_PAUSE.min(pause * 2);
        pause
    }
}

/// Rings for every event of one change stream, and for its being opened: before that there was
/// nobody to hear.
async fn follow(connection: &Connection, bell: &watch::Sender<u64>, place: &mut Place) -> Lost {
    let mut stream = match bounded(CALL, open(connection, place.token.clone())).await {
        Ok(stream) => stream,
        Err(lost) => return lost,
    };
    ring(bell);
    loop {
        // A stream whose call was broken off is never used again.
        match bounded(AWAIT + CALL, stream.next_if_any()).await {
            Ok(Some(_)) => ring(bell),
            // An ended stream would answer at once for ever.
            Ok(None) if !stream.is_alive() => return Lost::Closed,
            Ok(None) => {}
            Err(lost) => return lost,
        }
        place.token = stream.resume_token();
        place.pause = FIRST_PAUSE;
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
        .max_await_time(AWAIT)
        .await?;
    Ok(stream.with_type())
}

/// Rings when a look at the head differs from the one before, until a look fails.
async fn poll(connection: &Connection, bell: &watch::Sender<u64>, place: &mut Place) {
    let mut last = None;
    loop {
        let look = connection
            .call(GLANCE, |database| async move {
                database
                    .collection::<Document>(STATE)
                    .find_one(doc! { "_id": HEAD })
                    .projection(doc! { "version": 1, "fence": 1, "ran": 1 })
                    .await
            })
            .await;
        let Ok(look) = look else { return };
        place.pause = FIRST_PAUSE;
        let look = Some(look);
        if look != last {
            ring(bell);
            last = look;
        }
        sleep(POLL).await;
    }
}

async fn bounded<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Lost> {
    match timeout(limit, call).await {
        Ok(answer) => answer.map_err(Lost::Driver),
        Err(_) => Err(Lost::Late),
    }
}

impl Lost {
    fn is_alone(&self) -> bool {
        let Self::Driver(error) = self else {
            return false;
        };
        matches!(
            &*error.kind,
            ErrorKind::Command(command) if command.code == ONLY_ON_REPLICA_SETS
                || command.message.contains("only supported on replica sets")
        )
    }

    /// Whether the stream cannot go on where it was: the server refused the place itself, since
    /// its log has rolled over or the stream was closed for good.
    fn loses_the_place(&self) -> bool {
        match self {
            Self::Driver(error) => {
                matches!(&*error.kind, ErrorKind::Command(_))
                    && !error.contains_label(RESUMABLE_CHANGE_STREAM_ERROR)
            }
            Self::Late => false,
            Self::Closed => true,
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Driver(error) => explain(error),
            Self::Late => "no response from MongoDB".into(),
            Self::Closed => "the server closed it".into(),
        }
    }
}
