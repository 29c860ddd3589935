//! `syncer backup`, `restore` and `verify` as processes.

mod faults;
mod full_disk;
mod responses;
mod systemd;

use std::path::Path;

use e2e::Store;
use testkit::process::Finished;
use testkit::source::Source;

/// Runs a command that must end with this code.
async fn run(store: &Store, source: &Source, code: i32, args: &[&str]) -> Finished {
    let end = store.command(&source.url(), args).await;
    assert_eq!(end.code, Some(code), "{args:?}: {end:?}");
    end
}

async fn back_up(store: &Store, source: &Source, file: &Path) {
    run(store, source, 0, &["backup", text(file)]).await;
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Both kinds of stores.
async fn both_kinds() -> [Store; 2] {
    [Store::sqlite(), Store::mongodb().await]
}

/// Changes the title of every film.
fn retitle(source: &Source, round: u64) {
    source.edit(|catalogue| {
        for film in catalogue.collection_mut("films") {
            film["title"] = format!("A film, round {round}").into();
        }
    });
}

/// The files in a folder.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}
