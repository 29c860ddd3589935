//! The rules of Atom (RFC 4287) that a schema can express, and those on ids, dates and links.

use std::collections::BTreeSet;

use jiff::Timestamp;
use roxmltree::{Document, Node};
use url::Url;

const ATOM: &str = "http://www.w3.org/2005/Atom";
const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// Elements of a feed or an entry: name, and how often it can occur.
type Content = [(&'static str, Occurrence)];

#[derive(Clone, Copy)]
enum Occurrence {
    Once,
    AtMostOnce,
    Any,
}
use Occurrence::{Any, AtMostOnce, Once};

const FEED: &Content = &[
    ("id", Once),
    ("title", Once),
    ("updated", Once),
    ("generator", AtMostOnce),
    ("icon", AtMostOnce),
    ("logo", AtMostOnce),
    ("rights", AtMostOnce),
    ("subtitle", AtMostOnce),
    ("author", Any),
    ("category", Any),
    ("contributor", Any),
    ("link", Any),
    ("entry", Any),
];
const ENTRY: &Content = &[
    ("id", Once),
    ("title", Once),
    ("updated", Once),
    ("content", AtMostOnce),
    ("published", AtMostOnce),
    ("rights", AtMostOnce),
    ("source", AtMostOnce),
    ("summary", AtMostOnce),
    ("author", Any),
    ("category", Any),
    ("contributor", Any),
    ("link", Any),
];
const PERSON: &Content = &[("name", Once), ("uri", AtMostOnce), ("email", AtMostOnce)];

/// Panics with the rule that a feed breaks.
pub(super) fn validate(xml: &str) {
    let document = Document::parse(xml).unwrap();
    let feed = document.root_element();
    assert!(feed.has_tag_name((ATOM, "feed")));
    check_content(feed, FEED);
    let entries: Vec<_> = children(feed, "entry").collect();
    let mut ids = BTreeSet::from([text(feed, "id")]);
    for entry in &entries {
        check_content(*entry, ENTRY);
        let id = text(*entry, "id");
        assert!(ids.insert(id), "two elements have the id {id}");
        let has_alternate = children(*entry, "link").any(|link| relation(link) == "alternate");
        let has_content = children(*entry, "content").next().is_some();
        assert!(
            has_alternate || has_content,
            "{id} has neither link nor content"
        );
        let has_author = [feed, *entry]
            .iter()
            .any(|of| children(*of, "author").next().is_some());
        assert!(has_author, "{id} has no author");
        assert!(
            updated(*entry) <= updated(feed),
            "{id} is newer than the feed"
        );
    }
    for element in feed
        .descendants()
        .filter(|node| node.tag_name().namespace() == Some(ATOM))
    {
        check_element(element);
    }
    for parent in entries.into_iter().chain([feed]) {
        check_alternates(parent);
    }
}

/// Checks which elements there are, and how often.
fn check_content(parent: Node<'_, '_>, content: &Content) {
    let name = parent.tag_name().name();
    for child in parent.children().filter(Node::is_element) {
        let tag = child.tag_name();
        let is_allowed = content.iter().any(|(allowed, _)| *allowed == tag.name());
        assert!(
            tag.namespace() != Some(ATOM) || is_allowed,
            "{name} has a {tag:?}"
        );
    }
    for (child, occurrence) in content {
        let found = (occurrence, children(parent, child).count());
        let is_allowed = matches!(found, (Once, 1) | (AtMostOnce, 0 | 1) | (Any, _));
        assert!(is_allowed, "{name} has the wrong number of {child}");
    }
}

fn check_element(element: Node<'_, '_>) {
    let text = element.text().unwrap_or_default();
    match element.tag_name().name() {
        // IRIs, which for ids and links from a feed reader must be absolute.
        "id" | "icon" | "logo" | "uri" => drop(absolute(text)),
        "link" => {
            absolute(element.attribute("href").unwrap());
            let media_type = element.attribute("type").unwrap_or("text/html");
            assert!(media_type.split('/').count() == 2, "{media_type}");
        }
        "updated" | "published" => drop(date(text)),
        "author" | "contributor" => check_content(element, PERSON),
        "name" => assert!(!text.trim().is_empty(), "a person without a name"),
        "title" | "subtitle" | "rights" | "summary" | "content" => check_text(element),
        _ => {}
    }
}

/// A text construct, or content in the text of the feed.
fn check_text(element: Node<'_, '_>) {
    let elements: Vec<_> = element.children().filter(Node::is_element).collect();
    match element.attribute("type").unwrap_or("text") {
        "text" | "html" => assert!(elements.is_empty(), "elements in a text: {element:?}"),
        "xhtml" => {
            let [div] = elements[..] else {
                panic!("not one element: {element:?}");
            };
            assert!(div.has_tag_name((XHTML, "div")), "{div:?}");
            let is_xhtml = |node: Node<'_, '_>| node.tag_name().namespace() == Some(XHTML);
            assert!(div.descendants().filter(Node::is_element).all(is_xhtml));
        }
        other => panic!("text of type {other}"),
    }
}

/// Of alternates with one media type and language there is one.
fn check_alternates(parent: Node<'_, '_>) {
    let alternates = children(parent, "link").filter(|link| relation(*link) == "alternate");
    let mut seen = BTreeSet::new();
    for link in alternates {
        let kind = (link.attribute("type"), link.attribute("hreflang"));
        assert!(seen.insert(kind), "two alternates of {kind:?}");
    }
}

pub(super) fn children<'a>(parent: Node<'a, 'a>, name: &str) -> impl Iterator<Item = Node<'a, 'a>> {
    parent
        .children()
        .filter(move |child| child.has_tag_name((ATOM, name)))
}

pub(super) fn text<'a>(parent: Node<'a, 'a>, name: &str) -> &'a str {
    children(parent, name)
        .find_map(|child| child.text())
        .unwrap_or_default()
}

pub(super) fn relation<'a>(link: Node<'a, 'a>) -> &'a str {
    link.attribute("rel").unwrap_or("alternate")
}

fn updated(element: Node<'_, '_>) -> Timestamp {
    date(text(element, "updated"))
}

/// A date of RFC 3339, whose letters are upper case in Atom.
fn date(text: &str) -> Timestamp {
    assert!(
        text.contains('T') && !text.contains(char::is_whitespace),
        "{text:?}"
    );
    text.parse()
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn absolute(iri: &str) -> Url {
    Url::parse(iri).unwrap_or_else(|error| panic!("{iri:?}: {error}"))
}
