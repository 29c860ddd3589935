//! The replica set and its members.

use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};

use super::super::error::UNAUTHORIZED;
use super::{AttemptError, REPLICA_SET, Servers, SetupError, code, root_error};

const ALREADY_INITIALIZED: i32 = 23;

/// Initiates the set with its first member alone: until there is a user, only that one is known to
/// be primary.
pub(super) async fn start_set(servers: &Servers, first: &str) -> Result<(), AttemptError> {
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
pub(super) async fn rename_member(root: &Database, host: &str) -> Result<(), AttemptError> {
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
pub(super) async fn add_members(
    primary: &Database,
    members: &[String],
) -> Result<(), AttemptError> {
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
