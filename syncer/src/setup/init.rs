use std::fs;
use std::path::Path;
use std::time::Duration;

use common::repository::mongodb_setup::{Passwords, initiate};
use secrecy::SecretString;

use super::SetupError;

/// The address of the first member in a container that shares its network.
const URL: &str = "mongodb://127.0.0.1:27017";

/// The network interfaces of this process.
const INTERFACES: &str = "/sys/class/net";
const NETWORK_CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// The first start of a database takes a while on a slow machine.
const INITIATE_TIMEOUT: Duration = Duration::from_secs(90);

/// Sets up a replica set of these members, its root user, a reader for the web app and a writer for
/// the syncer, with the passwords in `folder`. Keeps what exists.
///
/// # Errors
/// When a password cannot be read, or the database stops or is not ready in time.
pub(crate) async fn init(folder: &Path, members: &[String]) -> Result<(), SetupError> {
    let passwords = Passwords {
        root: read(folder, "root_password")?,
        reader: read(folder, "reader_password")?,
        writer: read(folder, "writer_password")?,
    };
    tokio::select! {
        done = initiate(URL, members, &passwords, INITIATE_TIMEOUT) => {
            done.map_err(|error| SetupError::Database { error })?;
        }
        () = network_lost(Path::new(INTERFACES)) => return Err(SetupError::Stopped),
    }
    tracing::info!("the database is ready");
    Ok(())
}

/// Waits until this process loses its network. It has that of the database's container, so it loses
/// it when that container stops; one that starts again has another network.
async fn network_lost(interfaces: &Path) {
    if !has_network(interfaces) {
        return std::future::pending().await;
    }
    while has_network(interfaces) {
        tokio::time::sleep(NETWORK_CHECK_INTERVAL).await;
    }
}

/// Whether there is an interface besides the loopback one.
fn has_network(interfaces: &Path) -> bool {
    fs::read_dir(interfaces)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name() != "lo"))
}

fn read(folder: &Path, name: &str) -> Result<SecretString, SetupError> {
    let path = folder.join(name);
    fs::read_to_string(&path)
        .map(SecretString::from)
        .map_err(|error| SetupError::Read { path, error })
}

#[cfg(test)]
mod tests {
    use common::repository::mongodb_setup;

    use super::*;

    #[tokio::test]
    async fn the_end_of_the_database_container_is_noticed() {
        let interfaces = tempfile::tempdir().unwrap();
        let device = interfaces.path().join("eth0");
        fs::create_dir(interfaces.path().join("lo")).unwrap();
        fs::create_dir(&device).unwrap();
        let container_ends = async { fs::remove_dir(&device).unwrap() };
        tokio::join!(network_lost(interfaces.path()), container_ends);

        // There was no network to lose.
        tokio::select! {
            biased;
            () = network_lost(interfaces.path()) => panic!("it had none"),
            () = std::future::ready(()) => {}
        }
    }

    #[test]
    fn a_database_that_does_not_get_ready_is_named_with_the_commands_that_show_why() {
        let late = mongodb_setup::SetupError::Late {
            limit: INITIATE_TIMEOUT,
            problem: "connection refused".into(),
        };
        for message in [SetupError::Database { error: late }, SetupError::Stopped]
            .map(|error| error.to_string())
        {
            assert!(message.contains("stay up"), "{message}");
            assert!(message.contains("docker-compose ps movies_db"), "{message}");
            assert!(
                message.contains("docker-compose logs --tail=30 movies_db"),
                "{message}"
            );
        }
    }
}
