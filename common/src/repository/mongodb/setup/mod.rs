mod replica_set;
mod users;

use std::time::Duration;

use mongodb::error::{Error, ErrorKind};
use mongodb::options::{ClientOptions, Credential, ServerAddress};
use mongodb::{Client, Database};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{sleep, timeout};

use self::replica_set::{add_members, rename_member, start_set};
use self::users::{create_root, grant};
use super::connection::DATABASE;
use super::error::{explain, is_refused};

/// The database user that may read, for web apps.
pub const READER: &str = "pyflix_reader";
/// The database user that may write, for the syncer.
pub const WRITER: &str = "pyflix_writer";

/// The replica set that `mongod --replSet` must name.
const REPLICA_SET: &str = "rs0";
const ROOT: &str = "root";

/// How long to wait between attempts.
const RETRY_DELAY: Duration = Duration::from_millis(100);

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

/// The error of a command of the root user.
fn root_error(error: Error) -> AttemptError {
    match is_refused(&error) {
        true => AttemptError::Permanent(SetupError::Root),
        false => error.into(),
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
