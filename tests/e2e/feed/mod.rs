//! `/feed.atom` over several versions: valid Atom, and what a feed reader finds in it.

mod atom;

use std::collections::BTreeMap;

use e2e::{Store, get, python_client, wait_until_shows};
use roxmltree::Document;
use testkit::process::Service;
use testkit::source::Source;

use self::atom::{children, relation, text, validate};

/// The film that is renamed for every version.
const FILM: &str = "1069e34e-1a3c-5974-92de-c50d42a7b39a";
const TITLES: [&str; 4] = [
    "<b>Ferry</b> & \"Lantern\"",
    "&amp; ]]> <!--",
    "となりのトトロ 🐈",
    "The Paper Ferry",
];

/// A source, a store with its first version, and a web app.
struct Scene {
    source: Source,
    store: Store,
    webapp: Service,
}

impl Scene {
    async fn start() -> Self {
        let (source, store) = (Source::start().await, Store::sqlite());
        let webapp = store.webapp().await;
        let scene = Self {
            source,
            store,
            webapp,
        };
        scene.publish(1).await;
        scene
    }

    fn address(&self) -> String {
        format!("{}/feed.atom", self.webapp.url())
    }

    /// Publishes the source as a version; the feed with it.
    async fn publish(&self, version: usize) -> String {
        let once = self.store.command(&self.source.url(), &["once"]).await;
        assert_eq!(once.code, Some(0), "{once:?}");
        let id = format!(":{version}</id>");
        wait_until_shows(&self.address(), &id).await.body
    }

    async fn rename(&self, version: usize, title: &str) -> String {
        self.source.rename_film(FILM, title);
        self.publish(version).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_is_valid_atom_whose_entries_never_change_over_versions() {
    let scene = Scene::start().await;
    let mut entries = BTreeMap::new();
    for (title, version) in TITLES.into_iter().zip(2..) {
        let xml = scene.rename(version, title).await;
        validate(&xml);
        let document = Document::parse(&xml).unwrap();
        let feed = document.root_element();
        let own = children(feed, "link").find(|link| relation(*link) == "self");
        assert_eq!(own.unwrap().attribute("href"), Some(&*scene.address()));
        assert_eq!(children(feed, "entry").count(), version);
        for entry in children(feed, "entry") {
            let state = ["title", "updated"].map(|name| text(entry, name).to_owned());
            let known = entries.entry(text(entry, "id").to_owned());
            assert_eq!(known.or_insert(state.clone()), &state);
            for link in children(entry, "link") {
                let page = get(link.attribute("href").unwrap()).await;
                assert_eq!(page.status, 200, "{link:?}");
            }
        }
    }
    assert_eq!(entries.len(), TITLES.len() + 1);
    let feed = get(&scene.address()).await;
    let media_type = feed.header("content-type").unwrap();
    assert!(
        media_type.starts_with("application/atom+xml"),
        "{media_type}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn feedparser_finds_every_version_with_its_titles_and_no_problem() {
    let test = "feedparser_finds_every_version_with_its_titles_and_no_problem";
    let scene = Scene::start().await;
    for (title, version) in TITLES.into_iter().zip(2..) {
        scene.rename(version, title).await;
    }
    let (script, address) = ("feed/reader.py", scene.address());
    let Some(read) = python_client::run(test, "feedparser", script, &address).await else {
        return;
    };
    assert_eq!(read["problem"], "", "{read}");
    assert_eq!(read["format"], "atom10");
    assert_eq!(read["author"], "PyFlix");
    assert_eq!(read["status_again"], 304, "a conditional request");
    let entries = read["entries"].as_array().unwrap();
    assert_eq!(entries.len(), TITLES.len() + 1);
    // The newest first; each names the title before and after.
    for (entry, (title, version)) in entries.iter().rev().skip(1).zip(TITLES.iter().zip(2..)) {
        let link = format!("{}/changes/{version}", scene.webapp.url());
        assert_eq!(entry["link"], link);
        assert_eq!(
            entry["updated"].as_array().map(Vec::len),
            Some(9),
            "{entry}"
        );
        let content = entry["content"].as_str().unwrap();
        let escaped = title
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        assert!(content.contains(&escaped), "{content} has no {escaped}");
    }
}
