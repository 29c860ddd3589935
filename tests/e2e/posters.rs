//! Posters from a host of pictures to the pages.

use e2e::{DEADLINE, Store, get, wait_until_shows};
use serde_json::Value;
use testkit::browser::Browser;
use testkit::eventually;
use testkit::http::get_bytes;
use testkit::mongo::{Mongo, MongoOptions};
use testkit::picture_host::{PictureHost, PictureResponse};
use testkit::pictures::{self, Format};
use testkit::process::{Service, run_to_end};
use testkit::source::{Source, film};

use crate::metrics::scrape::{address, scrape};

/// The movies of the real source.
const MOVIES: u32 = 22;
/// All that a phone loads of `/movies` to its end, with header fields.
const MAX_BYTES_WITH_POSTERS: u64 = 250_000;
/// The same without posters and header fields, of which there are 300 bytes for each drawing.
const MAX_BODY_BYTES_WITHOUT: u64 = 40_000;

/// A source with this many films, whose posters a host has.
async fn source_with_posters(films: u32, host: &PictureHost) -> Source {
    let source = Source::start().await;
    source.edit(|catalogue| {
        catalogue.films = (0..films).map(film).collect();
        for (number, film) in (0..films).zip(&mut catalogue.films) {
            let photo = pictures::photo(number.into(), 600, 900, Format::Jpeg);
            let path = format!("/{number}.jpg");
            film["image"] = host
                .serve(&path, PictureResponse::WithEtag(photo, "\"1\""))
                .into();
        }
    });
    source
}

async fn start(name: &str, store: &Store, source: &Source, host: &PictureHost) -> Service {
    let (provider, hosts) = (source.url(), host.address().to_string());
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &provider),
        ("PYFLIX_SYNC_INTERVAL", "250ms"),
        ("PYFLIX_POSTERS", "on"),
        ("PYFLIX_POSTER_HOSTS", &hosts),
        ("PYFLIX_METRICS_LISTEN", "127.0.0.1:0"),
    ];
    match name {
        "syncer" => Service::start(name, &envs, &[]),
        _ => Service::start_web(name, &envs, &[], DEADLINE).await,
    }
}

/// Waits until the list of movies shows so many posters, and returns the list.
async fn wait_for_posters(app: &Service, count: u32) -> String {
    let url = format!("{}/movies", app.url());
    eventually(DEADLINE, async || {
        let page = get(&url).await.body;
        match page.matches("class=\"poster\"").count() {
            found if found == usize::try_from(count).unwrap() => Ok(page),
            found => Err(format!("{found} posters, not {count}")),
        }
    })
    .await
}

/// The addresses of all pictures on a page.
fn addresses(page: &str) -> Vec<String> {
    let parts = page.split("/images/").skip(1);
    let ends = parts.filter_map(|part| part.split_once(".jpg"));
    let mut addresses: Vec<_> = ends.map(|(key, _)| format!("/images/{key}.jpg")).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

async fn are_served(store: Store, programs: &[&str]) {
    let host = PictureHost::start().await;
    let source = source_with_posters(2, &host).await;
    source.edit(|catalogue| {
        let mut third = film(7);
        third["image"] = host.serve("/gone.jpg", PictureResponse::Status(404)).into();
        catalogue.films.push(third);
    });
    let mut services = Vec::new();
    for program in programs {
        services.push(start(program, &store, &source, &host).await);
    }
    let app = services.last().unwrap();

    let page = wait_for_posters(app, 2).await;

    let found = addresses(&page);
    assert_eq!(found.len(), 6, "two posters in three widths: {found:?}");
    for address in &found {
        let (head, jpeg) = get_bytes(&format!("{}{address}", app.url())).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(head.contains("\r\ncontent-type: image/jpeg\r\n"), "{head}");
        assert!(head.contains("immutable"), "{head}");
        let image = image::load_from_memory(&jpeg).unwrap();
        let width = format!("-{}.jpg", image.width());
        assert!(address.ends_with(&width), "{address}");
        assert_eq!(image.height() * 2 / 3, image.width());
    }
    let unknown = format!("{}/images/{:032}-192.jpg", app.url(), 0);
    assert_eq!(get(&unknown).await.status, 404);
    let page = get(&format!("{}/movies/reel-1", app.url())).await.body;
    assert!(page.contains("class=\"poster\""));
    let status = format!("{}/status", app.url());
    let failed = format!("1 failed ({}: responded with 404", host.address().ip());
    wait_until_shows(&status, &failed).await;
    let about = get(&format!("{}/about", app.url())).await.body;
    assert!(about.contains("Movie posters are copies"));
    let item = get(&format!("{}/api/v1/movies/reel-1", app.url()))
        .await
        .json();
    let poster = &item["poster"];
    assert_eq!(
        (&poster["width"], &poster["height"]),
        (&600.into(), &900.into())
    );
    assert_eq!(poster["sizes"].as_array().map(Vec::len), Some(3));
    assert!(found.contains(&poster["url"].as_str().unwrap().to_owned()));
    assert_eq!(host.requests("/0.jpg").len(), 1);
}

#[tokio::test]
async fn posters_of_the_standalone_are_on_the_pages_and_decode() {
    are_served(Store::sqlite(), &["pyflix"]).await;
}

#[tokio::test]
async fn posters_of_a_syncer_reach_a_web_app_through_mongodb() {
    are_served(Store::mongodb().await, &["syncer", "webapp"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poster_comes_to_an_open_page_and_stays_when_its_host_has_gone() {
    let host = PictureHost::start().await;
    let source = Source::start().await;
    let store = Store::sqlite();
    let app = start("pyflix", &store, &source, &host).await;
    wait_until_shows(&format!("{}/movies", app.url()), "The Lantern Ferry").await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/movies", app.url())).await;
    let posters = "return document.querySelectorAll('.poster').length";
    assert_eq!(browser.eval(posters).await, "0");

    let photo = pictures::photo(0, 600, 900, Format::Jpeg);
    let url = host.serve("/0.jpg", PictureResponse::Content(photo));
    source.edit(|catalogue| catalogue.films[0]["image"] = url.into());

    browser.wait_for_value(posters, "1", DEADLINE).await;
    drop((app, host));
    let host = PictureHost::start().await;
    let app = start("pyflix", &store, &source, &host).await;
    let page = wait_for_posters(&app, 1).await;
    let picture = format!("{}{}", app.url(), addresses(&page)[0]);
    assert!(get_bytes(&picture).await.0.starts_with("http/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_read_once_and_served_while_the_database_is_unavailable() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let store = Store::at(mongo.url("movies_db"));
    let host = PictureHost::start().await;
    let source = source_with_posters(1, &host).await;
    let (provider, hosts) = (source.url(), host.address().to_string());
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &provider),
        ("PYFLIX_POSTERS", "on"),
        ("PYFLIX_POSTER_HOSTS", &hosts),
    ];
    let once = run_to_end("syncer", &envs, &["once"], DEADLINE).await;
    assert_eq!(once.code, Some(0), "{once:?}");
    let app = start("webapp", &store, &source, &host).await;
    let metrics = address(&app).await;
    let page = wait_for_posters(&app, 1).await;
    let found = addresses(&page);
    let [read, unread] = [0, 1].map(|index: usize| format!("{}{}", app.url(), found[index]));

    let requests = (0..20).map(|_| get_bytes(&read));
    for (head, _) in futures::future::join_all(requests).await {
        assert!(head.starts_with("http/1.1 200"), "{head}");
    }
    let scraped = scrape(&metrics).await;
    let reads = scraped.sum("pyflix_store_calls_total", &[("operation", "row")]);
    assert_eq!(reads, 1.0);
    assert_eq!(scraped.sum("pyflix_poster_requests_total", &[]), 20.0);

    mongo.kill();
    assert!(get_bytes(&read).await.0.starts_with("http/1.1 200"));
    let (head, _) = get_bytes(&unread).await;
    assert!(head.starts_with("http/1.1 503"), "{head}");
    assert!(head.contains("\r\nretry-after: "), "{head}");
    assert_eq!(get(&format!("{}/movies", app.url())).await.status, 200);
}

#[tokio::test]
async fn a_backup_has_the_posters() {
    let host = PictureHost::start().await;
    let source = source_with_posters(2, &host).await;
    let store = Store::sqlite();
    let app = start("pyflix", &store, &source, &host).await;
    let found = addresses(&wait_for_posters(&app, 2).await);
    drop(app);
    let file = store.file().with_extension("tar");
    let file = file.to_str().unwrap();
    assert_eq!(store.command("", &["backup", file]).await.code, Some(0));
    let other = Store::mongodb().await;
    assert_eq!(other.command("", &["restore", file]).await.code, Some(0));
    assert_eq!(other.command("", &["verify"]).await.code, Some(0));
    let restored = start("webapp", &other, &source, &host).await;
    assert_eq!(addresses(&wait_for_posters(&restored, 2).await), found);
}

/// What a browser has loaded of a page.
struct Loaded {
    bytes: u64,
    body_bytes: u64,
    pictures: u64,
    blocking: u64,
    shift: String,
}

async fn load(browser: &Browser, app: &Service, pictures: u64) -> Loaded {
    browser.set_window(390, 844).await;
    browser.open(&format!("{}/movies", app.url())).await;
    // Pictures below the viewport are loaded when they come near it.
    let ready = format!(
        "scrollTo(0, scrollY + 400);
         const images = [...document.images];
         return images.length === {pictures} && images.every(image => image.complete)
             && scrollY + innerHeight >= document.body.scrollHeight - 2"
    );
    browser.wait_for_value(&ready, "true", DEADLINE).await;
    let loaded = "
        const entries = [...performance.getEntriesByType('navigation'),
                         ...performance.getEntriesByType('resource')];
        const blocking = entries.filter(one => one.renderBlockingStatus === 'blocking');
        const shifts = new PerformanceObserver(() => {});
        shifts.observe({ type: 'layout-shift', buffered: true });
        const shift = shifts.takeRecords().reduce((sum, one) => sum + one.value, 0);
        const failed = [...document.images].filter(image => image.naturalWidth === 0).length;
        return JSON.stringify({
            bytes: entries.reduce((sum, one) => sum + one.transferSize, 0),
            body_bytes: entries.reduce((sum, one) => sum + one.encodedBodySize, 0),
            pictures: entries.filter(one => one.name.includes('/images/')).length,
            blocking: blocking.length, shift: String(shift), failed,
        })";
    let loaded: Value = serde_json::from_str(&browser.eval(loaded).await).unwrap();
    assert_eq!(loaded["failed"], 0, "pictures that are shown as broken");
    Loaded {
        bytes: loaded["bytes"].as_u64().unwrap(),
        body_bytes: loaded["body_bytes"].as_u64().unwrap(),
        pictures: loaded["pictures"].as_u64().unwrap(),
        blocking: loaded["blocking"].as_u64().unwrap(),
        shift: loaded["shift"].as_str().unwrap().to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_loads_the_list_with_all_posters_in_250_kb_and_nothing_moves() {
    let host = PictureHost::start().await;
    let source = source_with_posters(MOVIES, &host).await;
    let app = start("pyflix", &Store::sqlite(), &source, &host).await;
    wait_for_posters(&app, MOVIES).await;
    let browser = Browser::start().await;

    let loaded = load(&browser, &app, u64::from(MOVIES) * 2).await;

    println!(
        "{} bytes, {} without header fields",
        loaded.bytes, loaded.body_bytes
    );
    assert_eq!(
        loaded.pictures,
        u64::from(MOVIES),
        "each poster once, in one width"
    );
    assert!(loaded.bytes <= MAX_BYTES_WITH_POSTERS, "{}", loaded.bytes);
    assert_eq!(
        loaded.blocking, 1,
        "the first paint needs the stylesheet alone"
    );
    assert_eq!(loaded.shift, "0");
    assert_eq!(browser.console_errors().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_loads_the_list_without_posters_in_40_kb() {
    let host = PictureHost::start().await;
    let source = source_with_posters(MOVIES, &host).await;
    let store = Store::sqlite();
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &source.url()),
    ];
    let app = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    wait_until_shows(&format!("{}/movies", app.url()), "Reel 21").await;
    let loaded = load(&Browser::start().await, &app, MOVIES.into()).await;
    assert_eq!(loaded.pictures, 0);
    let bytes = loaded.body_bytes;
    assert!(bytes <= MAX_BODY_BYTES_WITHOUT, "{bytes}");
    assert_eq!(host.requests("/0.jpg"), []);
}
