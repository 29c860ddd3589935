use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{ClientOptions, Credential};
use mongodb::{Client, Database};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{sleep, timeout};

use super::connection::DATABASE;
use super::error::{UNAUTHORIZED, explain, is_refused};

/// The database user that may read, for web apps.
pub const READER: &str = "pyflix_reader";
/// The database user that may write, for the syncer.
pub const WRITER: &str = "pyflix_writer";

/// The replica set that `mongod --replSet` must name.
const REPLICA_SET: &str = "rs0";
const ROOT: &str = "root";

/// How long to wait between attempts.
const RETRY_DELAY: Duration = Duration::from_millis(100);

const ALREADY_INITIALIZED: i32 = 23;
const USER_EXISTS: i32 = 51_003;
/// Codes of a server that is becoming primary, or stepping down.
const TRANSIENT_CODES: [i32; 9] = [64, 74, 91, 94, 189, 10_107, 11_600, 11_602, 13_435];

/// The passwords of the database users.
#[derive(Debug)]
pub struct Passwords {
    /// Of `root`, in the database `admin`.
    pub root: SecretString,
    /// Of [`READER`], in the database `movies_db`.
    pub reader: SecretString,
    /// Of [`WRITER`], in the database `movies_db`.
    pub writer: SecretString,
}

/// Why MongoDB could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The URL cannot be used.
    #[error("not a MongoDB URL: {0}")]
    Url(String),
    /// The server does not belong to a replica set.
    #[error("this mongod is not part of a replica set: start it with --replSet {REPLICA_SET}")]
    Alone,
    /// The data was created with other secrets.
    #[error(
        "the root password does not match the MongoDB data: restore the secrets that the data was \
         created with, or remove the data volume to start over"
    )]
    Root,
    /// It refused a step.
    #[error("cannot set up MongoDB: {0}")]
    Refused(String),
    /// It was not ready in time.
    #[error("MongoDB was not ready within {} s: {problem}", .limit.as_secs())]
    Late {
        /// The time limit.
        limit: Duration,
        /// The last problem.
        problem: String,
    },
}

/// Sets up a fresh `mongod`: initiates its replica set with `member` as its host and port, and
/// creates the users `root`, [`READER`] and [`WRITER`]. Idempotent, except that the latter two get
/// the given passwords.
///
/// The first user can only be created through the loopback address of the server, so `url` must be
/// that address; a user in it is ignored.
///
/// # Errors
/// When it cannot be done, or not within `limit`.
pub async fn initiate(
    url: &str,
    member: &str,
    passwords: &Passwords,
    limit: Duration,
) -> Result<(), SetupError> {
    let wrong = |error: Error| SetupError::Url(explain(&error));
    let mut options = ClientOptions::parse(url).await.map_err(wrong)?;
    options.direct_connection = Some(true);
    options.server_selection_timeout = Some(Duration::from_secs(1));
    options.connect_timeout = Some(Duration::from_secs(1));
    options.app_name = Some("pyflix-init".into());
    let stranger = admin(&options, None).map_err(wrong)?;
    let credential = Credential::builder()
        .username(ROOT.to_owned())
        .password(passwords.root.expose_secret().to_owned())
        .source("admin".to_owned())
        .build();
    let root = admin(&options, credential).map_err(wrong)?;

    let mut problem = String::from("no response");
    let done = timeout(limit, async {
        loop {
            match attempt(&stranger, &root, member, passwords).await {
                Ok(()) => return Ok(()),
                Err(AttemptError::Permanent(error)) => return Err(error),
                Err(AttemptError::Transient(reason)) => problem = reason,
            }
            sleep(RETRY_DELAY).await;
        }
    });
    done.await
        .unwrap_or(Err(SetupError::Late { limit, problem }))
}

/// Why an attempt failed, and whether to try again.
enum AttemptError {
    Transient(String),
    Permanent(SetupError),
}

impl From<Error> for AttemptError {
    fn from(error: Error) -> Self {
        match code(&error) {
            Some(code) if !TRANSIENT_CODES.contains(&code) => {
                Self::Permanent(SetupError::Refused(explain(&error)))
            }
            _ => Self::Transient(explain(&error)),
        }
    }
}

/// One attempt at all steps; each of them is idempotent.
async fn attempt(
    stranger: &Database,
    root: &Database,
    member: &str,
    passwords: &Passwords,
) -> Result<(), AttemptError> {
    start_set(stranger, member).await?;
    create_root(stranger, &passwords.root).await?;
    let movies = root.client().database(DATABASE);
    grant(&movies, READER, &passwords.reader, "read").await?;
    grant(&movies, WRITER, &passwords.writer, "readWrite").await
}

async fn start_set(stranger: &Database, member: &str) -> Result<(), AttemptError> {
    let hello = stranger.run_command(doc! { "hello": 1 }).await?;
    if hello.contains_key("setName") {
        return match hello.get_bool("isWritablePrimary") {
            Ok(true) => Ok(()),
            _ => Err(no_primary()),
        };
    }
    if !matches!(hello.get_bool("isreplicaset"), Ok(true)) {
        return Err(AttemptError::Permanent(SetupError::Alone));
    }
    let members = [doc! { "_id": 0, "host": member }];
    let initiate = doc! { "replSetInitiate": { "_id": REPLICA_SET, "members": members } };
    match stranger.run_command(initiate).await {
        Err(error) if code(&error) != Some(ALREADY_INITIALIZED) => Err(error.into()),
        _ => Err(no_primary()),
    }
}

fn no_primary() -> AttemptError {
    AttemptError::Transient("its replica set has no primary".into())
}

/// Creates the first user, through the localhost exception.
async fn create_root(stranger: &Database, password: &SecretString) -> Result<(), AttemptError> {
    let create = user(
        "createUser",
        ROOT,
        password,
        doc! { "role": "root", "db": "admin" },
    );
    match stranger.run_command(create).await {
        Err(error) if !matches!(code(&error), Some(UNAUTHORIZED | USER_EXISTS)) => {
            Err(error.into())
        }
        _ => Ok(()),
    }
}

async fn grant(
    movies: &Database,
    name: &str,
    password: &SecretString,
    role: &str,
) -> Result<(), AttemptError> {
    let command = |command| {
        user(
            command,
            name,
            password,
            doc! { "role": role, "db": DATABASE },
        )
    };
    let mut outcome = movies.run_command(command("createUser")).await;
    if let Err(error) = &outcome
        && code(error) == Some(USER_EXISTS)
    {
        outcome = movies.run_command(command("updateUser")).await;
    }
    match outcome {
        Err(error) if is_refused(&error) => Err(AttemptError::Permanent(SetupError::Root)),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

fn user(command: &str, name: &str, password: &SecretString, role: Document) -> Document {
    doc! {
        command: name,
        "pwd": password.expose_secret(),
        "roles": [role],
        "writeConcern": { "w": "majority" },
    }
}

fn admin(
    options: &ClientOptions,
    credential: impl Into<Option<Credential>>,
) -> Result<Database, Error> {
    let mut options = options.clone();
    options.credential = credential.into();
    Ok(Client::with_options(options)?.database("admin"))
}

fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        _ => None,
    }
}
