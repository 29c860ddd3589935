//! Compares the HTML of the pages with the files in `tests/snapshots`.
//!
//! `UPDATE_SNAPSHOTS=1` writes the files; review them with `git diff`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use e2e::{Store, get, wait_until_shows};
use testkit::source::Source;

const PAGES: [(&str, &str); 21] = [
    ("home", "/"),
    ("movies", "/movies"),
    (
        "movies-list",
        "/movies?people=human&view=list&director=Midori+Asakura&sort=-score",
    ),
    ("movie", "/movies/the-lantern-ferry"),
    (
        "movie-as-of-version-1",
        "/movies/the-lantern-ferry?version=1",
    ),
    ("people", "/people"),
    ("person", "/people/hana-okabe"),
    ("locations", "/locations"),
    ("location", "/locations/lake-of-two-shores"),
    ("species", "/species"),
    ("vehicle", "/vehicles/cloud-winder"),
    ("directors", "/directors"),
    ("director", "/directors/midori-asakura"),
    ("timeline", "/timeline"),
    ("search", "/search?q=lantern"),
    ("search-nothing", "/search?q=xyzzy"),
    ("changes", "/changes"),
    ("version", "/changes/2"),
    ("compare", "/changes?from=2&to=1"),
    ("status", "/status"),
    ("about", "/about"),
];

#[tokio::test]
async fn every_page_matches_its_snapshot() {
    let source = Source::start().await;
    let store = Store::sqlite();
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    source.edit(|catalogue| {
        let ferry = &mut catalogue.films[0];
        ferry["rt_score"] = "71".into();
        let description = ferry["description"].as_str().unwrap_or_default();
        ferry["description"] = format!("{description} It came back.").into();
        catalogue.films.push(testkit::source::film(7));
    });
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let webapp = store.webapp().await;
    let url = |path: &str| format!("{}{path}", webapp.url());
    wait_until_shows(&url("/changes/2"), "It came back.").await;
    wait_until_shows(&url("/status"), "/changes/2").await;
    wait_until_shows(&url("/status"), &source.url()).await;

    let mut differing = String::new();
    for (name, path) in PAGES {
        let page = get(&url(path)).await.body;
        let page = page.replace(webapp.url(), "http://pyflix.example");
        let page = redacted(&page, &source.url());
        let file = folder().join(format!("{name}.html"));
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&file, &page).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        if let Some((number, (was, is))) = first_difference(&kept, &page) {
            let _ = write!(
                differing,
                "{name}.html, line {number}:\n  was {was}\n  is  {is}\n"
            );
        }
    }
    assert!(
        differing.is_empty(),
        "{differing}if this is intended: UPDATE_SNAPSHOTS=1 cargo test --workspace --test e2e snapshots"
    );
    assert_eq!(files(), PAGES.len(), "{} holds others", folder().display());
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots")
}

fn files() -> usize {
    std::fs::read_dir(folder()).map_or(0, Iterator::count)
}

fn first_difference<'a>(was: &'a str, is: &'a str) -> Option<(usize, (&'a str, &'a str))> {
    let end = std::iter::repeat("nothing");
    let count = was.lines().count().max(is.lines().count());
    let lines = was.lines().chain(end.clone()).zip(is.lines().chain(end));
    (1..=count).zip(lines).find(|(_, (was, is))| was != is)
}

/// A page without times, durations, hashes and ports.
fn redacted(page: &str, source: &str) -> String {
    let mut redacted = page.replace(source, "http://source.example");
    for (before, after) in [
        ("<time datetime=", "</time>"),
        ("?v=", "\""),
        (", took ", "<"),
        ("<td class=\"duration\">", "</td>"),
        ("<figure class=\"strip\">", "</figure>"),
        ("<span class=\"size\">", "</span>"),
        // The movie of the day.
        ("<section class=\"feature tile\"", "</section>"),
        // It changes when a sync is overdue.
        ("data-notices=\"", "\""),
    ] {
        redacted = without_between(&redacted, before, after);
    }
    redacted
}

/// Removes all text between two markers.
fn without_between(text: &str, before: &str, after: &str) -> String {
    let mut parts = text.split(before);
    let mut without_between = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        without_between.push_str(before);
        without_between.push_str(part.find(after).map_or(part, |end| &part[end..]));
    }
    without_between
}
