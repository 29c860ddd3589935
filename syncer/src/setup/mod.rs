//! The one-shot set-up of the compose file: [`secrets`] makes the passwords, [`init`] the users.
//!
//! Both can be repeated at every start: what is there is kept.

mod init;
mod secrets;

use std::path::PathBuf;

use common::repository::mongodb_setup;

pub use init::init;
pub use secrets::secrets;

/// Where the compose file mounts the folder of the secrets.
pub const FOLDER: &str = "/run/pyflix";

/// The database's address in the compose file's network, which is also the name of the one member
/// of the replica set.
const DATABASE_HOST: &str = "movies_db:27017";

/// Why the set-up stopped.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A secret cannot be written, or not be given to its reader.
    #[error("cannot write {}: {source}; the folder must be writable and owned by root", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A secret cannot be read.
    #[error("cannot read {}: {source}; run `syncer secrets` first", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database did not do what it was asked to.
    #[error(transparent)]
    Database(#[from] mongodb_setup::SetupError),
}
