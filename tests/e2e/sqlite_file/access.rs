//! Locks and permissions that the file system refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::{DEADLINE, Store};
use testkit::process::{Finished, Service, binary, run_to_end};
use testkit::source::Source;

/// As an NFS mount: a lock for writing needs a file that is open for writing.
const LIKE_NFS: &str =
    "errno = EBADF; return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY ? -1 : 0;";
/// As a mount without a lock service.
const WITHOUT_LOCKS: &str = "errno = ENOLCK; return -1;";

/// A library that takes the place of `flock`.
fn flock(folder: &Path, body: &str) -> PathBuf {
    let (source, library) = (folder.join("flock.c"), folder.join("flock.so"));
    let program = format!(
        "#include <errno.h>\n#include <fcntl.h>\nint flock(int fd, int operation) {{ {body} }}\n"
    );
    fs::write(&source, program).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]);
    let compiled = compiler.arg(&library).arg(&source).status().unwrap();
    assert!(compiled.success());
    library
}

async fn run_with_flock(name: &str, args: &[&str], body: &str) -> Finished {
    let (store, source, folder) = (
        Store::sqlite(),
        Source::start().await,
        tempfile::tempdir().unwrap(),
    );
    let library = flock(folder.path(), body);
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &source.url()),
        ("PYFLIX_LISTEN", "127.0.0.1:0"),
        ("LD_PRELOAD", library.to_str().unwrap()),
    ];
    run_to_end(name, &envs, args, DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_locked_that_is_open_for_writing_as_nfs_requires() {
    let once = run_with_flock("syncer", &["once"], LIKE_NFS).await;
    assert_eq!(once.code, Some(0), "{once:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_system_without_locks_is_named_with_the_remedy() {
    for (name, args) in [("syncer", &["once"][..]), ("webapp", &[]), ("pyflix", &[])] {
        let end = run_with_flock(name, args, WITHOUT_LOCKS).await;
        assert_eq!(end.code, Some(2), "{end:?}");
        assert_eq!(end.stderr.trim().lines().count(), 1, "{end:?}");
        for part in ["cannot lock", "No locks available", "local disk"] {
            assert!(end.stderr.contains(part), "{part}: {end:?}");
        }
        assert!(!end.stderr.contains("writable"), "{end:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_or_file_of_another_user_is_named_with_both_users() {
    let test = "a_folder_or_file_of_another_user_is_named_with_both_users";
    let setpriv = Path::new("/usr/bin/setpriv");
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    if !is_root || !setpriv.exists() {
        testkit::skips::skip(test, "needs root and setpriv, for a user of its own");
        return;
    }
    let source = Source::start().await;
    for (what, mode) in [
        ("folder", 0o755),
        ("folder", 0o700),
        ("pyflix.db", 0o777),
        ("pyflix.db.lock", 0o777),
        ("missing/data", 0o755),
    ] {
        for (name, command) in [("syncer", "once"), ("webapp", ""), ("pyflix", "")] {
            let folder = tempfile::tempdir().unwrap();
            let data = folder.path().join("folder");
            fs::create_dir(&data).unwrap();
            open_to_all(folder.path(), 0o755);
            open_to_all(&data, mode);
            let mut database = data.join("pyflix.db");
            let file_mode = match what {
                "pyflix.db" => Some(0o644),
                "pyflix.db.lock" => Some(0o600),
                _ => None,
            };
            let (at_fault, mode) = match file_mode {
                Some(mode) => (data.join(what), mode),
                None => (data.clone(), mode),
            };
            if file_mode.is_some() {
                fs::write(&at_fault, "").unwrap();
                open_to_all(&at_fault, mode);
            }
            if what == "missing/data" {
                database = data.join("missing/data/pyflix.db");
            }
            let script = format!(
                "PYFLIX_DATABASE_URL=sqlite:{} PYFLIX_PROVIDER_URLS={} PYFLIX_LISTEN=127.0.0.1:0 exec {} {command}",
                database.display(),
                source.url(),
                binary(name).display()
            );
            let args = [
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "sh",
                "-c",
                &script,
            ];
            let service = Service::start_program(folder.path(), setpriv, &args);
            let status = service.wait_exit(DEADLINE).await;
            let output = service.output();
            let case = format!("{what} {mode:o} {name}: {output}");
            assert_eq!(status.code(), Some(2), "{case}");
            assert_eq!(output.trim().lines().count(), 1, "{case}");
            let owner = format!(
                "{} belongs to uid 0, gid 0 with mode {mode:o}",
                at_fault.display()
            );
            for part in [
                "Permission denied",
                "uid 65534",
                &owner,
                "chown 65534:65534",
            ] {
                assert!(output.contains(part), "{part}: {case}");
            }
        }
    }
}

fn open_to_all(path: &Path, mode: u32) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs::set_permissions(path, mode).unwrap();
}
