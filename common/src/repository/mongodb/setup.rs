use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
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
    /// The replica set has other members.
    #[error(
        "the replica set of this data has the members {}, but not {member}: reconfigure it to one \
         member, or remove the data volume to start over", .found.join(", ")
    )]
    Members {
        /// The hosts in its configuration.
        found: Vec<String>,
        /// The host that it needs.
        member: String,
    },
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

/// Sets up a `mongod`: initiates its replica set with `member` as its host and port, and creates
/// the users `root`, [`READER`] and [`WRITER`]. Idempotent, except that the latter two get the given
/// passwords, and that the only member of an existing set gets the given host.
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
    start_set(stranger, root, member).await?;
    create_root(stranger, &passwords.root).await?;
    rename_member(root, member).await?;
    let movies = root.client().database(DATABASE);
    grant(&movies, READER, &passwords.reader, "read").await?;
    grant(&movies, WRITER, &passwords.writer, "readWrite").await
}

async fn start_set(stranger: &Database, root: &Database, member: &str) -> Result<(), AttemptError> {
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
    let config = doc! { "_id": REPLICA_SET, "version": 1, "members": members };
    let initiate = doc! { "replSetInitiate": &config };
    let mut outcome = stranger.run_command(initiate.clone()).await;
    // Once there is a user, others may not initiate.
    let has_users = matches!(&outcome, Err(error) if code(error) == Some(UNAUTHORIZED));
    if has_users {
        outcome = root.run_command(initiate).await;
    }
    match outcome {
        // The server does not find itself in its set if that has another host.
        Err(error) if code(&error) == Some(ALREADY_INITIALIZED) && has_users => {
            rename_member(root, member).await?;
        }
        Err(error) if code(&error) == Some(ALREADY_INITIALIZED) => {
            // Without a user, the configuration cannot be read.
            tracing::warn!(
                "the replica set of this data was initiated with another host, and has no users; \
                 changing the host to {member}"
            );
            reconfigure(stranger, &config).await?;
        }
        outcome => drop(outcome.map_err(root_error)?),
    }
    Err(no_primary())
}

fn no_primary() -> AttemptError {
    AttemptError::Transient("its replica set has no primary".into())
}

/// Gives the only member of the set the host `member`. Clients connect to the hosts in the set's
/// configuration, whatever their URL says.
async fn rename_member(root: &Database, member: &str) -> Result<(), AttemptError> {
    let reply = root.run_command(doc! { "replSetGetConfig": 1 }).await;
    let mut reply = reply.map_err(root_error)?;
    let unreadable = || AttemptError::Transient("its replica set has no configuration".into());
    let config = reply.get_document_mut("config").map_err(|_| unreadable())?;
    let version = config.get_i32("version").unwrap_or_default();
    let members = config.get_array_mut("members").map_err(|_| unreadable())?;
    let mut members: Vec<&mut Document> = members
        .iter_mut()
        .filter_map(Bson::as_document_mut)
        .collect();
    let host = |member: &&mut Document| member.get_str("host").unwrap_or_default().to_owned();
    let found: Vec<String> = members.iter().map(host).collect();
    if found.iter().any(|host| host == member) {
        return Ok(());
    }
    let [only] = &mut members[..] else {
        let member = member.to_owned();
        let members = SetupError::Members { found, member };
        return Err(AttemptError::Permanent(members));
    };
    only.insert("host", member);
    config.insert("version", version + 1);
    tracing::warn!(
        "the replica set of this data was initiated with the host {}; changing it to {member}",
        found.join(", ")
    );
    reconfigure(root, config).await?;
    Err(no_primary())
}

/// Changes the configuration by force, which works without a primary.
async fn reconfigure(admin: &Database, config: &Document) -> Result<(), AttemptError> {
    let reconfigure = doc! { "replSetReconfig": config, "force": true };
    let outcome = admin.run_command(reconfigure).await;
    outcome.map(drop).map_err(root_error)
}

/// The error of a command of the root user.
fn root_error(error: Error) -> AttemptError {
    match is_refused(&error) {
        true => AttemptError::Permanent(SetupError::Root),
        false => error.into(),
    }
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
    outcome.map(drop).map_err(root_error)
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
