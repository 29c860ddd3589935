//! Tests of pages, requested as a browser does.

mod browsing;
mod errors;
mod items;
mod lists;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use catalogue_index::History;
use catalogue_index::ListIndex;
use catalogue_search::SearchIndex;
use common::models::{Catalogue, Facts, Item, Movie, Person, SourceRecord};
use common::repository::Snapshot;
use common::seed;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use proptest::prelude::*;
use serde_json::value::RawValue;
use tower::ServiceExt as _;

use crate::app_state::AppState;
use crate::http::PublicUrl;
use crate::middleware::RequestLimits;
use crate::routes::app;
use crate::state::{CurrentSite, Indexes, Site};

#[tokio::test]
async fn canonical_urls_are_absolute_if_a_public_url_is_configured() {
    let mut pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/movies?sort=-year&ref=x").await;
    assert!(page.contains("<link rel=\"canonical\" href=\"/movies?sort=-year\">"));
    pages.app.public_url = PublicUrl {
        configured: Some("https://movies.example.org".into()),
        ..PublicUrl::default()
    };
    let page = pages.read("/people/haku").await;
    let address = "https://movies.example.org/people/haku";
    assert!(page.contains(&format!("<link rel=\"canonical\" href=\"{address}\">")));
    assert!(page.contains(&format!("<meta property=\"og:url\" content=\"{address}\">")));
}

#[tokio::test]
async fn a_drawing_is_immutable_at_the_url_with_its_content_hash() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/vehicles").await;
    let art = page.split("src=\"/art/").nth(1).unwrap();
    let address = format!("/art/{}", art.split('"').next().unwrap());
    let (status, headers, drawing) = pages.get(&address).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-type"], "image/svg+xml");
    assert_eq!(
        headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    let (_, headers, same) = pages.get(address.split('?').next().unwrap()).await;
    assert_eq!(headers["cache-control"], "no-cache");
    assert_eq!(same, drawing);
}

#[tokio::test]
async fn pages_name_pictures_for_link_previews_if_urls_are_absolute() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let addresses = [
        "/",
        "/movies",
        "/people/haku",
        "/species",
        "/directors",
        "/timeline",
    ];
    for address in addresses {
        let page = pages.read(address).await;
        assert!(!page.contains("og:image"), "{address}");
    }
    let site = "https://movies.example.org/pyflix";
    let mut pages = Pages::of(seed::snapshot().catalogue);
    pages.app.public_url = PublicUrl {
        configured: Some(site.into()),
        ..PublicUrl::default()
    };
    for address in addresses {
        let page = pages.read(address).await;
        let picture = page
            .split_once("<meta property=\"og:image\" content=\"")
            .and_then(|(_, rest)| rest.split('"').next())
            .unwrap_or_else(|| panic!("{address}: {page}"));
        for tag in [
            "<meta property=\"og:image:type\" content=\"image/png\">",
            "<meta property=\"og:image:width\" content=\"1200\">",
            "<meta property=\"og:image:height\" content=\"630\">",
            "<meta property=\"og:image:alt\" content=\"Generated artwork for ",
            "<meta name=\"twitter:card\" content=\"summary_large_image\">",
        ] {
            assert!(page.contains(tag), "{address}: {tag}");
        }
        let path = picture.strip_prefix(site).unwrap();
        let (status, headers, png) = pages.send(path, "gzip, br").await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(
            headers["cache-control"],
            "public, max-age=31536000, immutable"
        );
        assert!(headers["etag"].to_str().unwrap().starts_with('"'), "{path}");
        assert!(!headers.contains_key("content-encoding"), "{path}");
        assert!(
            png.starts_with(b"\x89PNG\r\n") && png.len() <= 100 * 1024,
            "{path}"
        );
    }
    for address in [
        "/art/movies.svg",
        "/art/films.png",
        "/art/movies/haku.png",
        "/art/people/haku.gif",
    ] {
        let (status, ..) = pages.send(address, "identity").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{address}");
    }
}

#[tokio::test]
async fn the_list_of_movies_with_all_its_assets_has_at_most_forty_kilobytes() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/movies").await;
    let mut total = pages.size("/movies").await;
    let loaded = page
        .split(['"'])
        .filter(|address| address.starts_with("/static/") || address.starts_with("/art/"));
    for address in loaded {
        total += pages.size(address).await;
    }
    assert!(total <= 40 * 1024, "{total} bytes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn values_of_the_source_are_shown_as_text(
        text in "(<script>|\"|'|javascript:|<img src=x>|&|\\PC|[\\x00-\\x1f]){1,40}",
    ) {
        let facts = Movie {
            title: text.clone(),
            original_title: Some(text.clone()),
            description: Some(text.clone()),
            director: Some(text.clone()),
            poster_url: Some(text.clone()),
            ..Movie::default()
        };
        let pages = Pages::of([movie(1, &text, facts)].into_iter().collect());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for path in ["/", "/movies", "/movies?view=list", "/movies/1"] {
            let page = runtime.block_on(pages.read(path));
            prop_assert!(!page.contains("<script>") && !page.contains("<img src=x"), "{path}");
            prop_assert!(!page.contains("href=\"javascript:"), "{path}");
        }
        let art = runtime.block_on(pages.read("/art/movies/1.svg"));
        prop_assert!(roxmltree::Document::parse(&art).is_ok(), "{art}");
    }
}

/// The app over a catalogue.
struct Pages {
    catalogue: Catalogue,
    app: AppState,
}

impl Pages {
    fn of(catalogue: Catalogue) -> Self {
        let indexes = Indexes {
            lists: ListIndex::of(&catalogue),
            search: SearchIndex::of(&catalogue),
            ..Indexes::default()
        };
        let snapshot = Snapshot {
            catalogue,
            ..seed::snapshot()
        };
        Self::of_site(Site::of(snapshot, indexes, History::default()))
    }

    fn of_site(site: Site) -> Self {
        Self {
            catalogue: site.snapshot.catalogue.clone(),
            app: AppState::default().with_site(site),
        }
    }

    async fn read(&self, address: &str) -> String {
        let (status, _, page) = self.get(address).await;
        assert_eq!(status, StatusCode::OK, "{address}: {page}");
        page
    }

    async fn get(&self, address: &str) -> (StatusCode, HeaderMap, String) {
        let (status, headers, bytes) = self.send(address, "identity").await;
        (status, headers, String::from_utf8(bytes).unwrap())
    }

    /// The size of a response body in bytes, with brotli.
    async fn size(&self, address: &str) -> usize {
        let (status, _, bytes) = self.send(address, "br").await;
        assert_eq!(status, StatusCode::OK, "{address}");
        bytes.len()
    }

    async fn send(&self, address: &str, encoding: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::builder()
            .uri(address)
            .header("host", "pyflix")
            .header("accept-encoding", encoding)
            .body(Body::empty())
            .unwrap();
        let app = app(self.app.clone(), RequestLimits::default());
        let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, bytes.to_vec())
    }
}

fn address(item: &Item) -> String {
    super::tile::address(item)
}

fn has_link(page: &str, item: &Item) -> bool {
    page.contains(&format!("href=\"{}\"", address(item)))
}

/// The number of items in a list.
fn items(page: &str) -> u64 {
    page.matches("<li class=\"tile ").count() as u64
        + page.matches("<article class=\"card\"").count() as u64
}

fn titles(page: &str) -> Vec<String> {
    let cards = page.split("<article class=\"card\"").skip(1);
    cards
        .map(|card| {
            let link = card.split("<a href=").nth(1).unwrap();
            link.split(['>', '<']).nth(1).unwrap().to_owned()
        })
        .collect()
}

/// The options of each filter: name, value and count.
fn filter_options(page: &str) -> Vec<(String, String, u64)> {
    let mut found = Vec::new();
    for select in page.split("<select ").skip(1) {
        let name = select
            .split("name=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        for option in select
            .split("</select>")
            .next()
            .unwrap()
            .split("<option ")
            .skip(1)
        {
            let value = option.split('"').nth(1).unwrap();
            let count = option
                .rsplit_once('(')
                .and_then(|(_, rest)| rest.split(')').next());
            if let Some(count) = count.and_then(|count| count.parse().ok()) {
                let value = value.replace("&#38;", "&").replace("&#39;", "'");
                found.push((name.to_owned(), value, count));
            }
        }
    }
    found
}

fn movie(id: i64, title: &str, facts: Movie) -> Arc<Item> {
    let facts = Movie {
        title: title.into(),
        ..facts
    };
    item(&id.to_string(), Facts::Movie(facts))
}

fn item(id: &str, facts: Facts) -> Arc<Item> {
    Arc::new(Item {
        id: id.into(),
        slug: format!("slug-{id}").into(),
        rank: id.parse().unwrap_or(0),
        facts,
        source: SourceRecord::new(RawValue::from_string("{}".into()).unwrap()),
    })
}
