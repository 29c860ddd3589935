use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{ClientOptions, Credential, ServerAddress};
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
/// Codes of a server that is becoming primary or stepping down, or of a set that has not yet taken
/// over its last configuration.
const TRANSIENT_CODES: [i32; 12] = [
    64, 74, 91, 94, 103, 109, 189, 308, 10_107, 11_600, 11_602, 13_435,
];

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
        "the replica set of this data has the members {}, but not {member}: reconfigure it so that \
         it has that member, or remove the data volume to start over", .found.join(", ")
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

/// Sets up MongoDB: initiates a replica set with `members` as the hosts and ports of its members,
/// and creates the users `root`, [`READER`] and [`WRITER`]. Idempotent, except that the latter two get
/// the given passwords, that missing members are added, and that the only member of a set of one gets
/// the given host.
///
/// The first user can only be created through the loopback address of a server, so `url` must be that
/// address of the first member; a user in it is ignored.
///
/// # Errors
/// When it cannot be done, or not within `limit`.
pub async fn initiate(
    url: &str,
    members: &[String],
    passwords: &Passwords,
    limit: Duration,
) -> Result<(), SetupError> {
    let servers = Servers::new(url, members, &passwords.root).await?;
    let mut problem = String::from("no response");
    let done = timeout(limit, async {
        loop {
            match attempt(&servers, members, passwords).await {
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

/// The database `admin` through several clients.
struct Servers {
    /// Of the first member, without a user.
    stranger: Database,
    /// Of the first member, as root.
    root: Database,
    /// Of the primary, as root.
    primary: Database,
    /// Of each other member, without a user.
    others: Vec<Database>,
}

impl Servers {
    async fn new(
        url: &str,
        members: &[String],
        password: &SecretString,
    ) -> Result<Self, SetupError> {
        let wrong = |error: Error| SetupError::Url(explain(&error));
        let mut direct = ClientOptions::parse(url).await.map_err(wrong)?;
        direct.direct_connection = Some(true);
        direct.server_selection_timeout = Some(Duration::from_secs(1));
        direct.connect_timeout = Some(Duration::from_secs(1));
        direct.app_name = Some("pyflix-init".into());
        let credential = Credential::builder()
            .username(ROOT.to_owned())
            .password(password.expose_secret().to_owned())
            .source("admin".to_owned())
            .build();
        let hosts = members.iter().map(ServerAddress::parse);
        let hosts = hosts.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        let others = hosts.iter().skip(1).map(|host| {
            let mut other = direct.clone();
            other.hosts = vec![host.clone()];
            admin(&other, None)
        });
        let others = others.collect::<Result<_, _>>().map_err(wrong)?;
        let root = admin(&direct, credential.clone()).map_err(wrong)?;
        let primary = match hosts.len() {
            // Its host may be that of an earlier set-up.
            1 => root.clone(),
            _ => {
                let mut set = direct.clone();
                set.direct_connection = None;
                set.repl_set_name = Some(REPLICA_SET.into());
                set.hosts = hosts;
                admin(&set, credential).map_err(wrong)?
            }
        };
        Ok(Self {
            stranger: admin(&direct, None).map_err(wrong)?,
            root,
            primary,
            others,
        })
    }
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
    servers: &Servers,
    members: &[String],
    passwords: &Passwords,
) -> Result<(), AttemptError> {
    let [first, others @ ..] = members else {
        let none = SetupError::Url("it needs a member".into());
        return Err(AttemptError::Permanent(none));
    };
    start_set(servers, first).await?;
    create_root(&servers.stranger, &passwords.root).await?;
    if others.is_empty() {
        rename_member(&servers.root, first).await?;
    }
    let movies = servers.primary.client().database(DATABASE);
    grant(&movies, READER, &passwords.reader, "read").await?;
    grant(&movies, WRITER, &passwords.writer, "readWrite").await?;
    add_members(&servers.primary, members).await
}

/// Initiates the set with its first member alone: until there is a user, only that one is known to
/// be primary.
async fn start_set(servers: &Servers, first: &str) -> Result<(), AttemptError> {
    let Servers { stranger, root, .. } = servers;
    let hello = stranger.run_command(doc! { "hello": 1 }).await?;
    if hello.contains_key("setName") {
        let is_primary = matches!(hello.get_bool("isWritablePrimary"), Ok(true));
        let has_primary = !servers.others.is_empty() && hello.contains_key("primary");
        return match is_primary || has_primary {
            true => Ok(()),
            false => Err(no_primary()),
        };
    }
    if !matches!(hello.get_bool("isreplicaset"), Ok(true)) {
        return Err(AttemptError::Permanent(SetupError::Alone));
    }
    // A first member that has lost its data must not start a second set beside that of the others.
    for other in &servers.others {
        if let Ok(set) = other
            .run_command(doc! { "hello": 1 })
            .await?
            .get_str("setName")
        {
            return Err(AttemptError::Transient(format!(
                "{first} is not in the replica set {set} of the other members yet"
            )));
        }
    }
    let config = doc! { "_id": REPLICA_SET, "version": 1, "members": [member(0, first)] };
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
            rename_member(root, first).await?;
        }
        Err(error) if code(&error) == Some(ALREADY_INITIALIZED) => {
            // Without a user, the configuration cannot be read.
            tracing::warn!(
                "the replica set of this data was initiated with another host, and has no users; \
                 changing the host to {first}"
            );
            reconfigure(stranger, &config, Force::Yes).await?;
        }
        outcome => drop(outcome.map_err(root_error)?),
    }
    Err(no_primary())
}

fn no_primary() -> AttemptError {
    AttemptError::Transient("its replica set has no primary".into())
}

/// Gives the only member of the set the host `host`. Clients connect to the hosts in the set's
/// configuration, whatever their URL says.
async fn rename_member(root: &Database, host: &str) -> Result<(), AttemptError> {
    let mut config = configuration(root).await?;
    let found = hosts(&config);
    if found.iter().any(|found| found == host) {
        return Ok(());
    }
    if found.len() != 1 {
        let member = host.to_owned();
        let members = SetupError::Members { found, member };
        return Err(AttemptError::Permanent(members));
    }
    tracing::warn!(
        "the replica set of this data was initiated with the host {}; changing it to {host}",
        found.join(", ")
    );
    config.insert("members", [member(0, host)]);
    reconfigure(root, &config, Force::Yes).await?;
    Err(no_primary())
}

/// Adds the members that the set does not have. A reconfiguration may add one voting member.
async fn add_members(primary: &Database, members: &[String]) -> Result<(), AttemptError> {
    let mut config = configuration(primary).await?;
    let found = hosts(&config);
    let Some(missing) = members.iter().find(|member| !found.contains(member)) else {
        return Ok(());
    };
    let entries = config.get_array_mut("members").map_err(|_| unreadable())?;
    let ids = entries
        .iter()
        .filter_map(|entry| entry.as_document()?.get_i32("_id").ok());
    let id = ids.max().map_or(0, |id| id + 1);
    entries.push(member(id, missing).into());
    reconfigure(primary, &config, Force::No).await?;
    tracing::info!("added {missing} to the replica set");
    Err(AttemptError::Transient(format!(
        "{missing} is not yet a full member"
    )))
}

fn member(id: i32, host: &str) -> Document {
    doc! { "_id": id, "host": host }
}

/// The configuration of the set, with the version of the next one.
async fn configuration(root: &Database) -> Result<Document, AttemptError> {
    let reply = root.run_command(doc! { "replSetGetConfig": 1 }).await;
    let mut reply = reply.map_err(root_error)?;
    let config = reply.get_document_mut("config").map_err(|_| unreadable())?;
    let version = config.get_i32("version").unwrap_or_default();
    config.insert("version", version + 1);
    Ok(std::mem::take(config))
}

fn unreadable() -> AttemptError {
    AttemptError::Transient("its replica set has no configuration".into())
}

fn hosts(config: &Document) -> Vec<String> {
    let members = config.get_array("members").into_iter().flatten();
    let members = members.filter_map(Bson::as_document);
    members
        .map(|member| member.get_str("host").unwrap_or_default().to_owned())
        .collect()
}

/// Whether a reconfiguration works without a primary, and may change everything at once.
#[derive(Clone, Copy, PartialEq)]
enum Force {
    Yes,
    No,
}

async fn reconfigure(
    admin: &Database,
    config: &Document,
    force: Force,
) -> Result<(), AttemptError> {
    let reconfigure = doc! { "replSetReconfig": config, "force": force == Force::Yes };
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
