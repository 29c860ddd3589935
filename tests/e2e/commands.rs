//! What the commands of the syncer print.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use e2e::{DEADLINE, Store};
use testkit::process::{Service, binary};
use testkit::skips::skip;
use testkit::source::{Fault, Source};
use tokio::process::Command;
use tokio::time::timeout;

const UNREACHABLE: &str = "http://127.0.0.1:9";
/// The film of the source that is renamed for a second version.
const FILM: &str = "1069e34e-1a3c-5974-92de-c50d42a7b39a";

/// A program over a store and a source, whose output goes elsewhere.
fn program(name: &str, args: &[&str], store: &Store, source: &Source) -> Command {
    let mut command = Command::new(binary(name));
    command
        .args(args)
        .env_clear()
        .env("PYFLIX_DATABASE_URL", &store.url)
        .env("PYFLIX_PROVIDER_URLS", source.url())
        .env("PYFLIX_LISTEN", "127.0.0.1:9")
        .env("PYFLIX_LOG", "trace")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

fn pipe_without_reader() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_ends_as_usual_when_nobody_reads_its_output() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    for (name, args, code) in [
        ("syncer", &["once"][..], 0),
        ("syncer", &["plan"], 0),
        ("syncer", &["history"], 0),
        ("syncer", &["history", "--json"], 0),
        ("syncer", &["pin", "1"], 0),
        ("syncer", &["pin", "9"], 1),
        ("syncer", &["unpin"], 0),
        ("syncer", &["approve"], 1),
        ("syncer", &["rollback", "1"], 0),
        ("syncer", &["init", "--folder", "/nowhere"], 1),
        ("syncer", &["secrets", "--folder", "/dev/null"], 1),
        ("syncer", &["--help"], 0),
        ("syncer", &["--version"], 0),
        ("syncer", &["nonsense"], 2),
        ("webapp", &["healthcheck"], 1),
        ("webapp", &["--help"], 0),
        ("pyflix", &["--help"], 0),
    ] {
        let mut command = program(name, args, &store, &source);
        command
            .stdout(pipe_without_reader())
            .stderr(pipe_without_reader());
        let status = timeout(DEADLINE, command.status()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(code), "{name} {args:?}: {status}");
    }
}

/// The exit code and the errors of a command whose output is lost on a full disk.
async fn run_without_output(
    store: &Store,
    source: &Source,
    args: &[&str],
) -> (Option<i32>, String) {
    let mut command = program("syncer", args, store, source);
    command
        .env("PYFLIX_LOG", "error")
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::piped());
    let output = command.spawn().unwrap().wait_with_output();
    let output = timeout(DEADLINE, output).await.unwrap().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), errors)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_output_is_lost_fails() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    for args in [&["history"][..], &["history", "--json"], &["plan"]] {
        let (code, errors) = run_without_output(&store, &source, args).await;
        assert_eq!(code, Some(1), "{args:?}: {errors}");
        assert!(
            errors.starts_with("syncer: cannot write the output: "),
            "{errors}"
        );
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_did_its_work_exits_with_its_code_without_output() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    for args in [&["once"][..], &["pin", "1"], &["unpin"]] {
        let (code, errors) = run_without_output(&store, &source, args).await;
        assert_eq!(code, Some(0), "{args:?}: {errors}");
        assert!(errors.contains("cannot write the output: "), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_reports_its_error_once() {
    let store = Store::sqlite();
    for (args, cause) in [
        (&["plan"][..], UNREACHABLE),
        (&["once"], UNREACHABLE),
        (&["secrets", "--folder", "/dev/null"], "os error"),
        (&["init", "--folder", "/nowhere"], "os error"),
    ] {
        let end = store.command(UNREACHABLE, args).await;
        assert_eq!(end.code, Some(1), "{end:?}");
        let found = end.stderr.matches(cause).count();
        assert_eq!(found, 1, "{args:?}: {}", end.stderr);
        assert_eq!(end.stderr.lines().count(), 1, "{}", end.stderr);
    }
}

#[tokio::test]
async fn commands_for_an_existing_database_create_none() {
    let store = Store::sqlite();
    for args in [
        &["history"][..],
        &["approve"],
        &["rollback", "1"],
        &["pin", "1"],
        &["unpin"],
        &["verify"],
        &["backup", "pyflix.tar"],
    ] {
        let end = store.command(UNREACHABLE, args).await;
        assert_eq!(end.code, Some(1), "{args:?}: {end:?}");
        assert!(end.stderr.contains("there is no database at"), "{end:?}");
        assert!(!store.file().exists(), "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pin_and_unpin_tell_what_exists_and_what_is_pinned() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let run = async |args: &[&str]| {
        let end = store.command(&source.url(), args).await;
        (end.code, format!("{}{}", end.stdout, end.stderr))
    };
    source.misbehave_everywhere(Fault::Status(500));
    assert_eq!(run(&["once"]).await.0, Some(1));
    source.behave();
    let (code, text) = run(&["pin", "1"]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("nothing has been published yet"), "{text}");
    assert_eq!(run(&["once"]).await.0, Some(0));
    source.rename_film(FILM, "The Paper Ferry");
    assert_eq!(run(&["once"]).await.0, Some(0));

    for missing in ["0", "9"] {
        let (code, text) = run(&["pin", missing]).await;
        assert_eq!(code, Some(1), "{text}");
        assert!(
            text.contains(&format!("version {missing} is not available")),
            "{text}"
        );
        assert!(!text.contains("rollback"), "{text}");
    }
    let (code, text) = run(&["pin", "1"]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("`syncer rollback 1`"), "{text}");

    let (code, text) = run(&["unpin"]).await;
    assert_eq!((code, text.trim()), (Some(0), "nothing is pinned"));
    let (code, text) = run(&["pin", "2"]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("pinned to version 2"), "{text}");
    let (code, text) = run(&["unpin"]).await;
    assert_eq!(code, Some(0));
    assert!(text.contains("unpinned"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn history_has_colours_on_a_terminal_unless_no_color_is_set() {
    let test = "history_has_colours_on_a_terminal_unless_no_color_is_set";
    let (store, source) = (Store::sqlite(), Source::start().await);
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    if std::process::Command::new("python3")
        .arg("--version")
        .output()
        .is_err()
    {
        skip(test, "python3 is missing");
        return;
    }
    let is_run = |line: &str| line.contains("published");
    let on_terminal = async |variable: &str| {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("PYFLIX_DATABASE_URL={}", store.url);
        let syncer = binary("syncer");
        let syncer = syncer.to_str().unwrap();
        let spawn = "import pty, sys; pty.spawn(sys.argv[1:])";
        let command = ["env", "TERM=xterm", variable, &database, syncer, "history"];
        let args = [&["python3", "-c", spawn], &command[..]].concat();
        let terminal = Service::start_program(folder.path(), Path::new("/usr/bin/env"), &args);
        let line = terminal.wait_for_line(is_run, DEADLINE).await;
        line.trim_end().to_owned()
    };
    let piped = store.command(&source.url(), &["history"]).await.stdout;
    assert!(!piped.contains('\u{1b}'), "{piped:?}");
    let piped = piped.lines().find(|line| is_run(line)).unwrap();
    let colours = on_terminal("PYFLIX_LOG=error").await;
    assert!(
        colours.contains("\u{1b}[32mpublished\u{1b}[0m"),
        "{colours:?}"
    );
    assert_eq!(on_terminal("NO_COLOR=1").await, piped);
}
