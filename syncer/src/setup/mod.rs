//! The one-shot services of the compose file: `secrets` generates the passwords, `init` creates
//! the database users. Both can run at every start and keep what exists.

mod init;
mod secrets;

use std::path::PathBuf;

use common::repository::mongodb_setup;

pub(crate) use init::init;
pub(crate) use secrets::{certificates, secrets};

/// The mount point of the secrets' folder in the compose file.
pub(crate) const FOLDER: &str = "/run/pyflix";

/// The host of the database in the compose file's network, the only member of its replica set.
pub(crate) const DATABASE_HOST: &str = "movies_db:27017";

/// Why the set-up failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// A secret cannot be written or its owner not be set.
    #[error("cannot write {}: {error}; the folder must be writable and owned by root", path.display())]
    Write {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("cannot read {}: {error}; run `syncer secrets` first", path.display())]
    Read {
        path: PathBuf,
        error: std::io::Error,
    },
    /// The container of the database stopped.
    #[error(
        "movies_db does not stay up: it stopped during the set-up. Run `docker-compose ps movies_db` \
         for its exit code and `docker-compose logs --tail=30 movies_db` for the reason; \
         docs/docker-compose.md lists the usual ones"
    )]
    Stopped,
    #[error("{error}{}", hint(error))]
    Database { error: mongodb_setup::SetupError },
}

/// Advice for a database that does not become ready.
fn hint(error: &mongodb_setup::SetupError) -> &'static str {
    match error {
        mongodb_setup::SetupError::Late { .. } => {
            "; movies_db may be slow or not stay up: run `docker-compose ps movies_db` and \
             `docker-compose logs --tail=30 movies_db`"
        }
        _ => "",
    }
}
