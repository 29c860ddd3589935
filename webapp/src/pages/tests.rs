//! Tests of pages, requested as a browser does.

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
use crate::state::{CurrentSite, Freshness, Indexes, Site};

#[tokio::test]
async fn item_pages_link_to_all_related_items_and_back() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for item in pages.catalogue.all() {
        let page = pages.read(&address(&item)).await;
        for (link, id) in item.links() {
            let other = pages.catalogue.get(link.to(), id).unwrap();
            assert!(
                has_link(&page, &other),
                "{} to {}",
                item.name(),
                other.name()
            );
            let back = pages.read(&address(&other)).await;
            assert!(
                has_link(&back, &item),
                "{} to {}",
                other.name(),
                item.name()
            );
        }
    }
}

#[tokio::test]
async fn the_movies_of_one_director_are_listed_newest_first() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages
        .read("/movies?director=isao+takahata&sort=-year")
        .await;
    let titles = titles(&page);
    assert_eq!(
        titles.first().map(String::as_str),
        Some("The Tale of the Princess Kaguya")
    );
    assert_eq!(
        titles.last().map(String::as_str),
        Some("Grave of the Fireflies")
    );
    assert!(page.contains("Director: isao takahata"));
    assert!(
        page.contains("href=\"/movies?sort=-year\""),
        "the filter can be taken away"
    );
}

#[tokio::test]
async fn the_count_of_a_filter_value_is_the_number_of_its_items() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for list in [
        "/movies?year_min=1990",
        "/people?gender=Female",
        "/locations",
    ] {
        let page = pages.read(list).await;
        let options = filter_options(&page);
        assert!(!options.is_empty(), "{list}");
        for (name, value, count) in options {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair(&name, &value);
            let separator = if list.contains('?') { '&' } else { '?' };
            let is_set = list.split(['?', '&', '=']).any(|word| word == name);
            if is_set {
                continue;
            }
            let narrowed = pages
                .read(&format!("{list}{separator}{}", query.finish()))
                .await;
            assert_eq!(items(&narrowed), count, "{list} {name} {value}");
        }
    }
}

#[tokio::test]
async fn movies_list_only_humans_unless_all_people_are_requested() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let humans = pages.read("/movies?view=list").await;
    assert!(humans.contains("Satsuki Kusakabe") && !humans.contains("Catbus"));
    assert!(humans.contains("href=\"/movies?view=list&#38;people=all\""));
    let everyone = pages.read("/movies?view=list&people=all").await;
    assert!(everyone.contains("Catbus"));
}

#[tokio::test]
async fn a_list_without_results_says_what_to_do() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for list in [
        "/movies?director=Nobody",
        "/movies?person=nobody",
        "/people?species=none",
    ] {
        let page = pages.read(list).await;
        assert_eq!(items(&page), 0, "{list}");
        assert!(page.contains("No results match these filters."), "{list}");
    }
    let page = Pages::of(Catalogue::default()).read("/vehicles").await;
    assert!(page.contains("has no vehicles yet"));
}

#[tokio::test]
async fn blank_parameters_are_removed_by_a_redirect() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for (path, tidy) in [
        (
            "/movies?director=&sort=-year&year_min=",
            "/movies?sort=-year",
        ),
        ("/people?species=&gender=", "/people"),
    ] {
        let (status, headers, _) = pages.get(path).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(headers["location"], tidy);
    }
}

#[tokio::test]
async fn invalid_values_are_a_400_and_unknown_parameters_are_ignored() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for path in [
        "/movies?sort=best",
        "/movies?page=x",
        "/people?sort=-age",
        "/movies?year_max=-1",
    ] {
        let (status, _, page) = pages.get(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(page.contains(" must be "), "{page}");
    }
    for path in [
        "/movies?ref=x&ref=y",
        "/people?view=list",
        "/species?q=%FF",
        "/?_=1",
        "/movies?_=1",
        "/search?q=totoro&_=1",
        "/search/suggest?q=totoro&_=1",
        "/changes?_=1",
        "/status?_=1",
        "/about?_=1",
        "/feed.atom?_=1",
    ] {
        assert_eq!(pages.get(path).await.0, StatusCode::OK, "{path}");
    }
    for path in [
        "/movies?page=2",
        "/people/nobody",
        "/art/movies/x.svg",
        "/art/films/x.svg",
    ] {
        assert_eq!(pages.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn crawlers_are_kept_off_the_endless_views_of_the_same_data() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for (path, is_indexed) in [
        ("/", true),
        ("/movies", true),
        ("/people?_=1", true),
        ("/changes", true),
        ("/search?q=totoro", false),
        ("/search", false),
        ("/movies?sort=-year", false),
        ("/movies?director=Hayao+Miyazaki", false),
        ("/movies?people=all", false),
        ("/movies?view=list", false),
        ("/people?species=human", false),
        ("/changes?from=1&to=2", false),
    ] {
        let page = pages.read(path).await;
        let says_no = page.contains("<meta name=\"robots\" content=\"noindex, nofollow\">");
        assert_eq!(says_no, !is_indexed, "{path}");
    }
    let (_, headers, _) = pages.get("/movies/random").await;
    assert_eq!(headers["x-robots-tag"], "noindex, nofollow");
    let (status, headers, robots) = pages.get("/robots.txt").await;
    assert_eq!(
        (status, &headers["content-type"]),
        (
            StatusCode::OK,
            &"text/plain; charset=utf-8".parse().unwrap()
        )
    );
    for path in ["/search", "/movies/random", "/changes?from=", "/movies?"] {
        assert!(
            robots.contains(&format!("\nDisallow: {path}\n")),
            "{robots}"
        );
    }
}

#[tokio::test]
async fn a_random_movie_matches_the_filters_and_is_not_cached() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for _ in 0..5 {
        let (status, headers, _) = pages.get("/movies/random?director=Hayao+Miyazaki").await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert_eq!(headers["cache-control"], "no-store");
        let page = pages.read(headers["location"].to_str().unwrap()).await;
        assert!(page.contains("Hayao Miyazaki"));
    }
    let (_, headers, _) = pages.get("/movies/random?director=Nobody").await;
    assert_eq!(headers["location"], "/movies?director=Nobody");
}

#[tokio::test]
async fn a_page_of_a_list_has_a_hundred_items() {
    let catalogue: Catalogue = (0..250).map(|n| movie(n, "T", Movie::default())).collect();
    let pages = Pages::of(catalogue);
    let (first, last) = (
        pages.read("/movies").await,
        pages.read("/movies?page=3").await,
    );
    assert_eq!((items(&first), items(&last)), (100, 50));
    assert!(first.contains("rel=\"next\" href=\"/movies?page=2\""));
    assert!(
        last.contains("rel=\"prev\" href=\"/movies?page=2\"") && !last.contains("rel=\"next\"")
    );
}

#[tokio::test]
async fn a_species_page_links_to_the_list_of_its_many_people() {
    let human: Arc<Item> = item(
        "h",
        Facts::Species(common::models::Species {
            name: "Human".into(),
            ..Default::default()
        }),
    );
    let people = (0..90).map(|n| {
        item(
            &n.to_string(),
            Facts::Person(Person {
                name: format!("Person {n}"),
                species: Some("h".into()),
                ..Person::default()
            }),
        )
    });
    let pages = Pages::of(std::iter::once(human).chain(people).collect());
    let page = pages.read("/species/slug-h").await;
    assert!(page.contains("<a href=\"/people?species=slug-h\">Show all 90</a>"));
    assert_eq!(items(&pages.read("/people?species=slug-h").await), 90);
}

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
async fn only_a_japanese_title_is_marked_as_japanese_and_written_vertically() {
    for (original, romanised, is_japanese) in [
        ("灯籠の渡し船", Some("Tōrō no watashibune"), true),
        ("トトロ", None, true),
        ("ﾄﾄﾛ", None, true),
        ("紅豚", Some("Kurenai buta"), true),
        ("第7巻", Some("Dai 7 kan"), true),
        ("臥虎藏龍", None, false),
        ("기생충", Some("Gisaengchung"), false),
        ("大韓民國 만세", Some("Daehan minguk manse"), false),
        ("ㄅㄆㄇ 電影", Some("Dianying"), false),
        ("La Tortue rouge", None, false),
        ("La Tortue rouge", Some("La Tortue rouge"), false),
        ("Иваново детство", Some("Ivanovo detstvo"), false),
        (
            "جدایی نادر از سیمین",
            Some("Jodaeiye Nader az Simin"),
            false,
        ),
        ("・！〜", Some("?"), false),
    ] {
        let facts = Movie {
            title: "English".into(),
            original_title: Some(original.into()),
            original_title_romanised: romanised.map(Into::into),
            ..Movie::default()
        };
        let pages = Pages::of([movie(1, "english", facts)].into_iter().collect());
        let item = pages.read("/movies/1").await;
        let upright = format!("<p class=\"original upright\" lang=\"ja\">{original}</p>");
        let plain = format!("<p class=\"original\">{original}</p>");
        assert!(
            item.contains(if is_japanese { &upright } else { &plain }),
            "{original}: {item}"
        );
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("q", original)
            .finish();
        let search = format!("/search?{query}");
        for address in ["/movies/1", "/movies", "/movies?view=list", &search] {
            let page = pages.read(address).await;
            let has_lang = page.contains("lang=\"ja");
            assert_eq!(has_lang, is_japanese, "{original}, {address}: {page}");
        }
    }
}

#[tokio::test]
async fn every_original_title_of_the_seed_is_marked_as_japanese() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/movies").await;
    let originals = page.matches("<p class=\"original\"").count();
    assert_eq!(
        originals,
        page.matches("<p class=\"original\" lang=\"ja\">").count()
    );
    assert!(originals > 20, "{originals}");
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
        let seed = seed::snapshot();
        let site = Site {
            indexes: Indexes {
                lists: ListIndex::of(&catalogue),
                search: SearchIndex::of(&catalogue),
                ..Indexes::default()
            },
            history: History::default(),
            freshness: Freshness::Fresh,
            sync_status: Arc::default(),
            cache: Arc::default(),
            snapshot: Arc::new(Snapshot {
                catalogue: catalogue.clone(),
                ..seed
            }),
        };
        let app = AppState {
            current: CurrentSite::new(site),
            ..AppState::default()
        };
        Self { catalogue, app }
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
