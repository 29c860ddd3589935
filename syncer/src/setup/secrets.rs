use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use common::repository::mongodb_setup::{READER, WRITER};
use rand::distr::{Alphanumeric, SampleString};

use super::SetupError;

/// 48 of 62 letters and digits have 285 bits of entropy.
const PASSWORD_LENGTH: usize = 48;
const KEY_LENGTH: usize = 512;

/// The users of the services in the compose file, each the only reader of its secrets.
const OWNERS: Owners = Owners {
    database: 999,
    init: 10003,
    syncer: 10002,
    webapp: 10001,
};

/// The user of the proxy in the cluster's compose file.
const PROXY: u32 = 10004;

/// Writes the missing secrets into `folder`, each as a file that only its one reader can open:
/// `database_key` for mongod, `root_password`, `reader_password` and `writer_password` for
/// [`init`](super::init()), `webapp_database_url` and `syncer_database_url`.
///
/// A password and the URL that contains it are one secret: if either is missing, both are written.
/// The URLs name the `members` of the replica set.
///
/// # Errors
/// When the folder or a file cannot be written or its owner not be set.
pub(crate) fn secrets(folder: &Path, members: &[String]) -> Result<(), SetupError> {
    match &*write_missing(folder, OWNERS, members)? {
        [] => tracing::info!("all secrets already exist"),
        names => tracing::info!("wrote {}", names.join(", ")),
    }
    Ok(())
}

/// User ids, which are also the ids of their groups.
#[derive(Clone, Copy)]
struct Owners {
    database: u32,
    init: u32,
    syncer: u32,
    webapp: u32,
}

/// Files that belong together: name, owner, content.
type Secret = Vec<(&'static str, u32, String)>;

fn write_missing(
    folder: &Path,
    owners: Owners,
    members: &[String],
) -> Result<Vec<&'static str>, SetupError> {
    // Others may open a file by its name, but not list the names.
    fs::create_dir_all(folder)
        .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o711)))
        .map_err(|error| unwritable(folder, error))?;
    let mut written = Vec::new();
    for secret in generate(owners, members) {
        let paths: Vec<_> = secret.iter().map(|(name, ..)| folder.join(name)).collect();
        if paths.iter().all(|path| exists(path)) {
            continue;
        }
        // If this is interrupted, the next start must not combine an old file with a new one.
        for path in &paths {
            remove(path).map_err(|error| unwritable(path, error))?;
        }
        for ((name, owner, content), path) in secret.into_iter().zip(paths) {
            write(&path, owner, &content).map_err(|error| unwritable(&path, error))?;
            written.push(name);
        }
    }
    Ok(written)
}

/// Creates the folder for the proxy's certificates and their keys, for the proxy alone.
///
/// # Errors
/// When the folder cannot be written or its owner not be set.
pub(crate) fn certificates(folder: &Path) -> Result<(), SetupError> {
    own_folder(folder, PROXY).map_err(|error| unwritable(folder, error))
}

fn own_folder(folder: &Path, owner: u32) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let folder = File::open(folder)?;
    folder.set_permissions(Permissions::from_mode(0o700))?;
    fchown(&folder, Some(owner), Some(owner))
}

fn unwritable(path: &Path, error: io::Error) -> SetupError {
    SetupError::Write {
        path: path.to_owned(),
        error,
    }
}

fn generate(owners: Owners, members: &[String]) -> [Secret; 4] {
    let (reader, writer) = (random(PASSWORD_LENGTH), random(PASSWORD_LENGTH));
    let (webapp_url, syncer_url) = (url(READER, &reader, members), url(WRITER, &writer, members));
    [
        vec![("database_key", owners.database, random(KEY_LENGTH))],
        vec![("root_password", owners.init, random(PASSWORD_LENGTH))],
        vec![
            ("reader_password", owners.init, reader),
            ("webapp_database_url", owners.webapp, webapp_url),
        ],
        vec![
            ("writer_password", owners.init, writer),
            ("syncer_database_url", owners.syncer, syncer_url),
        ],
    ]
}

fn random(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}

fn url(user: &str, password: &str, members: &[String]) -> String {
    let hosts = members.join(",");
    format!("mongodb://{user}:{password}@{hosts}/movies_db?replicaSet=rs0")
}

fn exists(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() > 0)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file that only its owner can ever read, and that is never seen half written.
fn write(path: &Path, owner: u32, content: &str) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    remove(&unfinished)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o400)
        .open(&unfinished)?;
    file.write_all(content.as_bytes())?;
    fchown(&file, Some(owner), Some(owner))?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    const NAMES: [&str; 6] = [
        "database_key",
        "root_password",
        "reader_password",
        "webapp_database_url",
        "writer_password",
        "syncer_database_url",
    ];

    /// Runs as any user, since no file changes its owner.
    fn write_as_myself(folder: &Path) -> Vec<&'static str> {
        let me = fs::metadata(folder).unwrap().uid();
        let owners = Owners {
            database: me,
            init: me,
            syncer: me,
            webapp: me,
        };
        let members = ["a:27017".to_owned(), "b:27017".to_owned()];
        write_missing(folder, owners, &members).unwrap()
    }

    fn contents(folder: &Path) -> BTreeMap<&'static str, String> {
        let read = |name| fs::read_to_string(folder.join(name)).unwrap();
        NAMES.map(|name| (name, read(name))).into()
    }

    #[test]
    fn only_its_owner_can_read_a_secret_and_no_two_are_equal() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(write_as_myself(folder.path()), NAMES);
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!(mode(folder.path()), 0o711);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), NAMES.len());
        for name in NAMES {
            assert_eq!(mode(&folder.path().join(name)), 0o400, "{name}");
        }
        let secrets = contents(folder.path());
        let passwords = ["root_password", "reader_password", "writer_password"];
        for name in passwords {
            assert_eq!(secrets[name].len(), PASSWORD_LENGTH);
            assert_eq!(
                secrets
                    .values()
                    .filter(|value| **value == secrets[name])
                    .count(),
                1
            );
        }
        assert!(secrets["webapp_database_url"].contains(&secrets["reader_password"]));
        assert!(secrets["webapp_database_url"].contains("@a:27017,b:27017/movies_db"));
        assert!(secrets["syncer_database_url"].contains(&secrets["writer_password"]));
    }

    #[test]
    fn only_the_proxy_can_open_the_folder_of_its_certificates() {
        let folder = tempfile::tempdir().unwrap();
        let me = fs::metadata(folder.path()).unwrap().uid();
        let certificates = folder.path().join("certificates");
        for _ in 0..2 {
            own_folder(&certificates, me).unwrap();
            let mode = fs::metadata(&certificates).unwrap().mode() & 0o7777;
            assert_eq!(mode, 0o700);
        }
    }

    #[test]
    fn existing_secrets_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        write_as_myself(folder.path());
        let before = contents(folder.path());
        assert!(write_as_myself(folder.path()).is_empty());
        assert_eq!(contents(folder.path()), before);
    }

    #[test]
    fn a_password_and_its_url_are_replaced_together() {
        let folder = tempfile::tempdir().unwrap();
        write_as_myself(folder.path());
        let before = contents(folder.path());
        fs::remove_file(folder.path().join("reader_password")).unwrap();
        fs::set_permissions(
            folder.path().join("syncer_database_url"),
            Permissions::from_mode(0o600),
        )
        .unwrap();
        fs::write(folder.path().join("syncer_database_url"), "").unwrap();
        let written = write_as_myself(folder.path());
        assert_eq!(written, NAMES[2..]);
        let after = contents(folder.path());
        assert!(after["webapp_database_url"].contains(&after["reader_password"]));
        assert!(after["syncer_database_url"].contains(&after["writer_password"]));
        assert_ne!(after["reader_password"], before["reader_password"]);
        assert_eq!(after["root_password"], before["root_password"]);
    }
}
