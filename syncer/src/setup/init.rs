use std::fs;
use std::path::Path;
use std::time::Duration;

use common::repository::mongodb_setup::{Passwords, initiate};
use secrecy::SecretString;

use super::{DATABASE_HOST, SetupError};

/// The database as it is reached from a container that shares its network.
const URL: &str = "mongodb://127.0.0.1:27017";

/// On a slow machine the first start of a database takes a while.
const DEADLINE: Duration = Duration::from_secs(90);

/// Makes the database ready, with the passwords that [`secrets`](super::secrets()) wrote in
/// `folder`: a replica set of one, its root, a reader for the web app and a writer for the syncer.
/// What is ready stays as it is.
///
/// # Errors
/// When a password cannot be read, or the database is not ready in time.
pub async fn init(folder: &Path) -> Result<(), SetupError> {
    let passwords = Passwords {
        root: read(folder, "root_password")?,
        reader: read(folder, "reader_password")?,
        writer: read(folder, "writer_password")?,
    };
    initiate(URL, DATABASE_HOST, &passwords, DEADLINE).await?;
    tracing::info!("the database is ready");
    Ok(())
}

fn read(folder: &Path, name: &str) -> Result<SecretString, SetupError> {
    let path = folder.join(name);
    fs::read_to_string(&path)
        .map(SecretString::from)
        .map_err(|source| SetupError::Read { path, source })
}
