use std::fs;
use std::path::Path;
use std::time::Duration;

use common::repository::mongodb_setup::{Passwords, initiate};
use secrecy::SecretString;

use super::{DATABASE_HOST, SetupError};

/// The database's address in a container that shares its network.
const URL: &str = "mongodb://127.0.0.1:27017";

/// The first start of a database takes a while on a slow machine.
const INITIATE_TIMEOUT: Duration = Duration::from_secs(90);

/// Sets up a replica set of one member, its root user, a reader for the web app and a writer for
/// the syncer, with the passwords in `folder`. Keeps what exists.
///
/// # Errors
/// When a password cannot be read, or the database is not ready in time.
pub(crate) async fn init(folder: &Path) -> Result<(), SetupError> {
    let passwords = Passwords {
        root: read(folder, "root_password")?,
        reader: read(folder, "reader_password")?,
        writer: read(folder, "writer_password")?,
    };
    initiate(URL, DATABASE_HOST, &passwords, INITIATE_TIMEOUT).await?;
    tracing::info!("the database is ready");
    Ok(())
}

fn read(folder: &Path, name: &str) -> Result<SecretString, SetupError> {
    let path = folder.join(name);
    fs::read_to_string(&path)
        .map(SecretString::from)
        .map_err(|source| SetupError::Read { path, source })
}
