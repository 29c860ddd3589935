//! Pages in Chromium, over the network that its DevTools call "Fast 4G", with posters and without.

use anyhow::{Context, Result, ensure};
use common::models::Kind;
use common::seed;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::browser::Browser;
use testkit::picture_host::{PictureHost, PictureResponse};
use testkit::pictures::{self, Format};
use testkit::process::{Service, run_to_end};
use testkit::source::{Catalogue, Source};

use crate::report::Measurements;
use crate::setup::DEADLINE;

const PAGES: [&str; 3] = ["/", "/movies", "/movies/spirited-away"];
/// A phone's viewport, in CSS pixels.
const VIEWPORT: (u32, u32) = (390, 844);
/// "Fast 4G" in the DevTools of Chromium: nine tenths of 9 Mbit/s and of 1.5 Mbit/s, and 2.75 times
/// 60 ms for each request.
const DOWNLOAD_BYTES_PER_SECOND: u32 = 1_012_500;
const UPLOAD_BYTES_PER_SECOND: u32 = 168_750;
const LATENCY_MS: u32 = 165;

/// Waits until nothing has been loaded for a second.
const UNTIL_IDLE: &str = "
    const done = arguments[arguments.length - 1];
    let before = -1;
    const timer = setInterval(() => {
        const now = performance.getEntriesByType('resource').length;
        if (now === before) { clearInterval(timer); done(); }
        before = now;
    }, 1000);";
const MEASURES: &str = "
    const recorded = (type) => {
        const observer = new PerformanceObserver(() => {});
        observer.observe({ type, buffered: true });
        return observer.takeRecords();
    };
    const loaded = new Map(performance.getEntriesByType('resource').map((one) => [one.name, one.responseEnd]));
    const isInView = ({ top, bottom, left, right }) =>
        top < innerHeight && bottom > 0 && left < innerWidth && right > 0;
    const seen = [...document.images].filter((image) => isInView(image.getBoundingClientRect()));
    return {
        first_paint: recorded('paint').find((one) => one.name === 'first-contentful-paint')?.startTime,
        largest_paint: recorded('largest-contentful-paint').at(-1)?.startTime,
        pictures_loaded: Math.max(0, ...seen.map((image) => loaded.get(image.currentSrc) ?? NaN)),
        failed: seen.filter((image) => image.naturalWidth === 0).length,
    };";
/// After the end of the page has been seen, too.
const LAYOUT_SHIFT: &str = "
    const observer = new PerformanceObserver(() => {});
    observer.observe({ type: 'layout-shift', buffered: true });
    return observer.takeRecords().reduce((sum, one) => sum + one.value, 0);";

/// Loads each page in a new browser, `rounds` times, and prints a table.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(rounds: u32) -> Result<()> {
    let site = Site::start().await?;
    let mut loads = vec![Vec::new(); 2 * PAGES.len()];
    for _ in 0..rounds {
        let pages = PAGES.iter().flat_map(|page| [(page, false), (page, true)]);
        for ((page, has_posters), loads) in pages.zip(&mut loads) {
            let webapp = if has_posters {
                &site.with_posters
            } else {
                &site.without_posters
            };
            loads.push(load(&format!("{}{page}", webapp.url())).await?);
        }
    }
    let (width, height) = VIEWPORT;
    println!(
        "{width} x {height} pixels, device pixel ratio 1, a new profile for each load; \
         {DOWNLOAD_BYTES_PER_SECOND} bytes/s down, {UPLOAD_BYTES_PER_SECOND} up, {LATENCY_MS} ms for each request; \
         median, maximum of {rounds}"
    );
    println!(
        "| page | posters | first contentful paint | largest contentful paint | pictures in view loaded | layout shift | loaded at first: KB, requests | to the end of the page |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let rows = PAGES
        .iter()
        .flat_map(|page| [(page, "without"), (page, "with")]);
    for ((page, posters), loads) in rows.zip(&loads) {
        let sorted = |of: fn(&PageLoad) -> f64| Measurements::new(loads.iter().map(of).collect());
        let milliseconds = |of: fn(&PageLoad) -> f64| {
            let values = sorted(of);
            format!(
                "{:.0}, {:.0} ms",
                values.percentile(50),
                values.percentile(100)
            )
        };
        let received = |of: fn(&PageLoad) -> &Received| {
            let bytes = Measurements::new(loads.iter().map(|load| of(load).bytes).collect());
            let requests = Measurements::new(loads.iter().map(|load| of(load).requests).collect());
            format!(
                "{:.1}, {:.0}",
                bytes.percentile(100) / 1000.0,
                requests.percentile(100)
            )
        };
        println!(
            "| `{page}` | {posters} | {} | {} | {} | {:.3} | {} | {} |",
            milliseconds(|load| load.first_paint),
            milliseconds(|load| load.largest_paint),
            milliseconds(|load| load.pictures_loaded),
            sorted(|load| load.shift).percentile(100),
            received(|load| &load.at_first),
            received(|load| &load.to_the_end),
        );
    }
    Ok(())
}

/// Two web apps on the same store.
struct Site {
    with_posters: Service,
    without_posters: Service,
    _folder: TempDir,
}

impl Site {
    /// Publishes the built-in catalogue with posters of its own.
    async fn start() -> Result<Self> {
        let host = PictureHost::start().await;
        let source = Source::start_with(catalogue(&host)?).await;
        let folder = TempDir::new()?;
        let store = format!("sqlite:{}", folder.path().join("pyflix.db").display());
        let (provider, hosts) = (source.url(), host.address().to_string());
        let envs = |posters| {
            [
                ("PYFLIX_DATABASE_URL", store.as_str()),
                ("PYFLIX_PROVIDER_URLS", &provider),
                ("PYFLIX_POSTER_HOSTS", &hosts),
                ("PYFLIX_POSTERS", posters),
                // Pages say so when a sync is overdue.
                ("PYFLIX_SYNC_INTERVAL", "24h"),
            ]
        };
        let synced = run_to_end("syncer", &envs("on"), &["once"], DEADLINE).await;
        ensure!(synced.code == Some(0), "the sync failed: {}", synced.stderr);
        Ok(Self {
            with_posters: Service::start_web("webapp", &envs("on"), &[], DEADLINE).await,
            without_posters: Service::start_web("webapp", &envs("off"), &[], DEADLINE).await,
            _folder: folder,
        })
    }
}

/// The built-in catalogue as a source has it, with generated posters of usual sizes.
fn catalogue(host: &PictureHost) -> Result<Catalogue> {
    let mut catalogue = Catalogue::default();
    for (number, item) in (0..).zip(seed::items()?) {
        let mut record: Value = serde_json::from_str(&item.source.text())?;
        let collection = match item.kind() {
            Kind::Movie => "films",
            kind => kind.plural(),
        };
        if item.kind() == Kind::Movie {
            let poster = pictures::photo(number, 600, 900, Format::Jpeg);
            let path = format!("/{number}.jpg");
            record["image"] = host.serve(&path, PictureResponse::Content(poster)).into();
        }
        catalogue.collection_mut(collection).push(record);
    }
    Ok(catalogue)
}

/// Times are in milliseconds since the start of the navigation.
#[derive(Clone)]
struct PageLoad {
    first_paint: f64,
    largest_paint: f64,
    /// All drawings and posters in the viewport.
    pictures_loaded: f64,
    /// Sum of the layout shifts.
    shift: f64,
    at_first: Received,
    to_the_end: Received,
}

/// Responses, with their header fields.
#[derive(Clone)]
struct Received {
    bytes: f64,
    requests: f64,
}

async fn load(url: &str) -> Result<PageLoad> {
    let browser = Browser::start().await;
    browser.set_window(VIEWPORT.0, VIEWPORT.1).await;
    let network = json!({
        "offline": false,
        "latency": LATENCY_MS,
        "downloadThroughput": DOWNLOAD_BYTES_PER_SECOND,
        "uploadThroughput": UPLOAD_BYTES_PER_SECOND,
    });
    browser
        .devtools("Network.emulateNetworkConditions", network)
        .await;
    let uncached = json!({ "cacheDisabled": true });
    browser.devtools("Network.setCacheDisabled", uncached).await;
    // Those of the empty page.
    browser.received_bytes().await;
    browser.open(url).await;
    let client = browser.client();
    client.execute_async(UNTIL_IDLE, Vec::new()).await?;
    let measures = client.execute(MEASURES, Vec::new()).await?;
    let mut bytes = browser.received_bytes().await;
    let at_first = Received::of(&bytes)?;
    let scroll = "scrollTo(0, scrollY + innerHeight); return scrollY + innerHeight >= document.body.scrollHeight - 1";
    while client.execute(scroll, Vec::new()).await? != true {}
    client.execute_async(UNTIL_IDLE, Vec::new()).await?;
    bytes.extend(browser.received_bytes().await);
    let shift = client.execute(LAYOUT_SHIFT, Vec::new()).await?;
    let measure = |name| {
        let value = measures[name].as_f64();
        value.with_context(|| format!("{url} has no {name}: {measures}"))
    };
    ensure!(measure("failed")? == 0.0, "{url}: pictures failed");
    Ok(PageLoad {
        first_paint: measure("first_paint")?,
        largest_paint: measure("largest_paint")?,
        pictures_loaded: measure("pictures_loaded")?,
        shift: shift.as_f64().context("no layout shift")?,
        at_first,
        to_the_end: Received::of(&bytes)?,
    })
}

impl Received {
    fn of(bytes: &[u64]) -> Result<Self> {
        let sum: u64 = bytes.iter().sum();
        Ok(Self {
            bytes: f64::from(u32::try_from(sum)?),
            requests: f64::from(u32::try_from(bytes.len())?),
        })
    }
}
