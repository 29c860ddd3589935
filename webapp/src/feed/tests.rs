use std::sync::Arc;

use catalogue_index::History;
use common::models::Change;
use roxmltree::{Document, Node};

use super::*;
use crate::fixture::{self, added, movie};
use crate::state::Freshness;

const ATOM_NAMESPACE: &str = "http://www.w3.org/2005/Atom";
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "]]> &amp; <!-- \" ' -->",
    "\0\u{1}\u{8}\u{b}\u{1f}\u{fffe}\u{ffff}",
    "となりのトトロ 🐈 \u{202e}",
    "&#0; &nbsp; <?xml?> <!DOCTYPE x>",
    "\r\n\t",
];

#[test]
fn the_feed_is_well_formed_and_complete_with_hostile_titles() {
    let versions = HOSTILE.map(|title| {
        let old = added("m1", "Before");
        let new = Change::of(Some(movie("m2", title)), Some(movie("m2", "After"))).unwrap();
        let titles = added("m3", title);
        vec![old, new, titles]
    });
    let site = fixture::site("l", 1, versions);
    let xml = feed(&site, "https://films.example/?a&b=<\"'>")
        .render()
        .unwrap();
    let document = Document::parse(&xml).unwrap();

    let root = document.root_element();
    assert!(root.has_tag_name((ATOM_NAMESPACE, "feed")));
    for name in ["id", "title", "updated", "author"] {
        assert_eq!(children(root, name).count(), 1, "{name}");
    }
    let links: Vec<_> = children(root, "link")
        .filter_map(|link| link.attribute("rel"))
        .collect();
    assert_eq!(links, ["self", "alternate"]);

    let entries: Vec<_> = children(root, "entry").collect();
    assert_eq!(entries.len(), HOSTILE.len() + 1);
    let mut ids = Vec::new();
    for entry in entries {
        for name in ["id", "title", "updated", "link", "content"] {
            assert_eq!(children(entry, name).count(), 1, "{name}");
        }
        let updated = text(entry, "updated");
        assert!(updated.parse::<Timestamp>().is_ok(), "{updated}");
        ids.push(text(entry, "id").to_owned());
    }
    assert_eq!(ids.first().unwrap(), "tag:pyflix,2026:l:7");
    ids.dedup();
    assert_eq!(ids.len(), HOSTILE.len() + 1);
    assert!(xml.contains("alert(1)") && !xml.contains("<script"));
}

#[test]
fn an_entry_with_many_changes_lists_some_and_counts_the_rest() {
    let changes = (0..1000).map(|number| added(&format!("m{number}"), &format!("Movie {number}")));
    let site = fixture::site("l", 1, [changes.collect()]);
    let feed = feed(&site, "http://h");
    let sentences = &feed.entries[0].sentences;
    assert_eq!(sentences.len(), MAX_SENTENCES + 1);
    assert_eq!(sentences[0], "The movie “Movie 0” was added.");
    assert_eq!(sentences[MAX_SENTENCES], "980 more items changed.");
}

#[test]
fn the_feed_has_at_most_fifty_versions() {
    let versions = (0..80).map(|_| vec![added("m", "M")]);
    let site = fixture::site("l", 1, versions);
    let feed = feed(&site, "http://h");
    let numbers: Vec<_> = feed.entries.iter().map(|entry| entry.version).collect();
    assert_eq!(numbers.len(), MAX_ENTRIES);
    assert_eq!((numbers[0], numbers[49]), (81, 32));
}

#[test]
fn the_feed_of_the_built_in_catalogue_has_no_entries() {
    let site = Site {
        snapshot: Arc::new(common::seed::snapshot()),
        history: History::default(),
        freshness: Freshness::Waiting,
        ..fixture::site("l", 1, [])
    };
    let xml = feed(&site, "http://h").render().unwrap();
    let document = Document::parse(&xml).unwrap();
    assert_eq!(children(document.root_element(), "entry").count(), 0);
    assert_eq!(
        text(document.root_element(), "updated"),
        "1970-01-01T00:00:00Z"
    );
}

fn children<'a>(node: Node<'a, 'a>, name: &str) -> impl Iterator<Item = Node<'a, 'a>> {
    node.children()
        .filter(move |child| child.has_tag_name((ATOM_NAMESPACE, name)))
}

fn text<'a>(node: Node<'a, 'a>, name: &str) -> &'a str {
    let mut found = children(node, name);
    found.next().and_then(|child| child.text()).unwrap()
}
