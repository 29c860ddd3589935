use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mongodb::bson::{Document, RawDocumentBuf};
use mongodb::error::ErrorKind;
use mongodb::options::{
    ClientOptions, ConnectionString, DatabaseOptions, FindOptions, HostInfo, ReadConcern,
    ReadPreference, ReadPreferenceOptions, SelectionCriteria, WriteConcern,
};
use mongodb::{Client, Collection, Database};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::error::{explain, problem_of};
use crate::repository::{OpenError, Result, StoreError};

/// The database, unless the URL names one.
pub(super) const DATABASE: &str = "movies_db";

/// Timeout of a call.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of reading the head. With the poll interval it is well below the 5 s in which readers
/// must learn of an outage.
pub(super) const HEAD_READ_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout of a call with much data.
pub(super) const BULK_TIMEOUT: Duration = Duration::from_secs(10);

/// Timeout of the write concern; below all other timeouts, so that the response has the reason.
pub(super) const WRITE_CONCERN_TIMEOUT: Duration = Duration::from_secs(4);
/// Timeout of server selection; for the same reason below [`HEAD_READ_TIMEOUT`].
const SERVER_SELECTION_TIMEOUT: Duration = Duration::from_millis(1_500);

/// How far a secondary may be behind; the smallest that MongoDB accepts.
const MAX_STALENESS: Duration = Duration::from_secs(90);

/// The clients of the server, created at once, or at the first call if DNS is unavailable. Creating
/// them needs no server.
#[derive(Clone)]
pub(super) struct Connection(Arc<Inner>);

struct Inner {
    url: ConnectionString,
    clients: OnceCell<Clients>,
}

struct Clients {
    database: Database,
    /// The database on the member with the quickest responses, which can be behind the primary.
    nearest: Database,
    listening: Database,
}

/// Which member of a replica set a call is sent to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Member {
    Primary,
    Nearest,
}

impl Connection {
    pub(super) async fn open(url: &SecretString) -> Result<Self, OpenError> {
        let wrong = |problem| OpenError::Configuration(format!("PYFLIX_DATABASE_URL: {problem}"));
        let url = url.expose_secret();
        let inner = Inner {
            url: ConnectionString::parse(url).map_err(|_| wrong(problem_of(url)))?,
            clients: OnceCell::new(),
        };
        let connection = Self(Arc::new(inner));
        match timeout(HEAD_READ_TIMEOUT, connection.clients()).await {
            Ok(Err(error)) => match &*error.kind {
                ErrorKind::InvalidArgument { message, .. }
                | ErrorKind::InvalidTlsConfig { message, .. } => {
                    return Err(wrong(message.clone()));
                }
                _ => tracing::warn!("cannot look up the MongoDB hosts: {}", explain(&error)),
            },
            Ok(Ok(_)) => {}
            Err(_) => tracing::warn!("cannot look up the MongoDB hosts: no response from DNS"),
        }
        Ok(connection)
    }

    /// Whether there may be members besides the primary.
    pub(super) fn has_several_members(&self) -> bool {
        let hosts = &self.0.url.host_info;
        !matches!(hosts, HostInfo::HostIdentifiers(hosts) if hosts.len() == 1)
    }

    /// Makes one call to the primary.
    pub(super) async fn call<T, F>(
        &self,
        limit: Duration,
        operation: impl FnOnce(Database) -> F + Send + 'static,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = mongodb::error::Result<T>> + Send,
    {
        self.call_member(Member::Primary, limit, operation).await
    }

    /// Makes one call. After the timeout it goes on in the background: the driver has no timeout for
    /// responses, and its operations are not cancel-safe.
    pub(super) async fn call_member<T, F>(
        &self,
        member: Member,
        limit: Duration,
        operation: impl FnOnce(Database) -> F + Send + 'static,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = mongodb::error::Result<T>> + Send,
    {
        let connection = self.clone();
        let call = tokio::spawn(async move {
            let clients = connection.clients().await?;
            let database = match member {
                Member::Primary => &clients.database,
                Member::Nearest => &clients.nearest,
            };
            operation(database.clone()).await
        });
        match timeout(limit, call).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(error))) => Err(StoreError::Unavailable(explain(&error))),
            Ok(Err(_)) => Err(StoreError::Unavailable("the call was interrupted".into())),
            Err(_) => Err(StoreError::Unavailable(format!(
                "no response from MongoDB within {} s",
                limit.as_secs()
            ))),
        }
    }

    /// Reads all documents that a query finds, raw: one that cannot be decoded does not stop the
    /// others.
    pub(super) async fn scan(
        &self,
        collection: &'static str,
        filter: Document,
        options: FindOptions,
    ) -> Result<Vec<RawDocumentBuf>> {
        self.call(BULK_TIMEOUT, move |database| async move {
            let collection: Collection<RawDocumentBuf> = database.collection(collection);
            let mut found = collection.find(filter).with_options(options).await?;
            let mut documents = Vec::new();
            while found.advance().await? {
                documents.push(found.current().to_owned());
            }
            Ok(documents)
        })
        .await
    }

    /// The database through a client that does not retry reads: after a failed resumption of a change
    /// stream, the driver would retry from now and lose the events in between.
    pub(super) async fn listening(&self) -> mongodb::error::Result<Database> {
        Ok(self.clients().await?.listening.clone())
    }

    async fn clients(&self) -> mongodb::error::Result<&Clients> {
        self.0.clients.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> mongodb::error::Result<Clients> {
        let mut options = bounded(ClientOptions::parse(self.0.url.clone()).await?);
        let name = options.default_database.as_deref().unwrap_or(DATABASE);
        let name = name.to_owned();
        let client = Client::with_options(options.clone())?;
        let nearest = ReadPreference::Nearest {
            options: Some(
                ReadPreferenceOptions::builder()
                    .max_staleness(MAX_STALENESS)
                    .build(),
            ),
        };
        let nearest = DatabaseOptions::builder()
            .selection_criteria(SelectionCriteria::ReadPreference(nearest))
            .build();
        let nearest = client.database_with_options(&name, nearest);
        let database = client.database(&name);
        options.retry_reads = Some(false);
        options.max_pool_size = Some(2);
        let listening = Client::with_options(options)?.database(&name);
        Ok(Clients {
            database,
            nearest,
            listening,
        })
    }
}

/// Sets the options that the protocol needs, whatever the URL says, and default limits.
fn bounded(mut options: ClientOptions) -> ClientOptions {
    let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
    options.selection_criteria = Some(primary);
    options.read_concern = Some(ReadConcern::majority());
    options.write_concern = Some(write_concern());
    options.retry_reads = Some(true);
    options.retry_writes = Some(true);
    options
        .server_selection_timeout
        .get_or_insert(SERVER_SELECTION_TIMEOUT);
    options
        .connect_timeout
        .get_or_insert(Duration::from_secs(3));
    options.heartbeat_freq.get_or_insert(Duration::from_secs(5));
    options.max_pool_size.get_or_insert(16);
    options.app_name.get_or_insert_with(|| "pyflix".into());
    options
}

/// Majority and journal, so that no crash rolls a write back.
fn write_concern() -> WriteConcern {
    let mut concern = WriteConcern::majority();
    concern.journal = Some(true);
    concern.w_timeout = Some(WRITE_CONCERN_TIMEOUT);
    concern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_protocol_stands_on_is_set_whatever_the_url_says() {
        let url = "mongodb://h/db?w=1&journal=false&readConcernLevel=local&retryWrites=false\
                   &readPreference=secondary&retryReads=false&wTimeoutMS=9999999";
        let options = bounded(ClientOptions::parse(url).await.unwrap());
        assert_eq!(options.write_concern, Some(write_concern()));
        assert_eq!(options.read_concern, Some(ReadConcern::majority()));
        assert_eq!(
            (options.retry_reads, options.retry_writes),
            (Some(true), Some(true))
        );
        let preference = options.selection_criteria;
        assert!(matches!(
            preference,
            Some(SelectionCriteria::ReadPreference(ReadPreference::Primary))
        ));
    }

    #[tokio::test]
    async fn every_wait_of_the_driver_is_bounded_and_a_url_may_say_how() {
        let options = bounded(ClientOptions::parse("mongodb://h/db").await.unwrap());
        assert!(options.server_selection_timeout.unwrap() < HEAD_READ_TIMEOUT);
        assert!(options.connect_timeout.unwrap() < CALL_TIMEOUT);
        assert!(options.max_pool_size.is_some() && options.heartbeat_freq.is_some());
        let url = "mongodb://h/db?maxPoolSize=3&connectTimeoutMS=700";
        let options = bounded(ClientOptions::parse(url).await.unwrap());
        assert_eq!(options.max_pool_size, Some(3));
        assert_eq!(options.connect_timeout, Some(Duration::from_millis(700)));
    }
}
