//! The pages in a real browser.

use e2e::{DEADLINE, start_app, wait_until_shows};
use serde_json::json;
use testkit::browser::Browser;
use testkit::eventually;
use testkit::process::Service;
use testkit::source::Source;

/// The minimum, a phone, a desktop.
const WIDTHS: [u32; 3] = [320, 360, 1280];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_without_errors_on_phone_and_desktop_in_light_and_dark() {
    let source = Source::start().await;
    let long = "A title that goes on and on without an end in sight ".repeat(6);
    source.edit(|catalogue| {
        catalogue.collection_mut("films")[1]["title"] = long.as_str().into();
        catalogue.collection_mut("films")[1]["people"] = json!([]);
        catalogue.collection_mut("films")[2]["title"] = "無".repeat(120).into();
        catalogue.collection_mut("films")[3]["description"] =
            "<script>alert(1)</script><img src=x onerror=alert(1)>".into();
        let film = catalogue.collection("films")[3]["url"].clone();
        let somebody = catalogue.collection("people")[8].clone();
        for number in 0..60 {
            let mut person = somebody.clone();
            person["id"] = format!("person-{number}").into();
            person["url"] = format!("https://ghibliapi.example/people/person-{number}").into();
            person["name"] = format!("Wolkenkratzerbewohnerin{number}").repeat(3).into();
            person["films"] = json!([film]);
            catalogue.collection_mut("people").push(person);
        }
    });
    let provider = source.url();
    let envs = [("PYFLIX_PROVIDER_URLS", provider.as_str())];
    let pyflix = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    wait_until_shows(&format!("{}/movies", pyflix.url()), "The Lantern Ferry").await;

    let pages = [
        ("/".to_owned(), "The Studio Ghibli catalogue"),
        ("/movies".into(), "Movies"),
        ("/movies?people=human".into(), "Movies"),
        ("/directors".into(), "Directors"),
        ("/directors/midori-asakura".into(), "Midori Asakura"),
        ("/producers".into(), "Producers"),
        ("/timeline".into(), "Timeline"),
        ("/search?q=lantern".into(), "lantern"),
        (
            "/movies?view=list&sort=-title&year_min=1900".into(),
            "Movies",
        ),
        ("/movies?director=Nobody".into(), "Movies"),
        ("/people".into(), "Characters"),
        ("/people/hana-okabe".into(), "Hana Okabe"),
        ("/people/person-59".into(), "Wolkenkratzerbewohnerin59"),
        ("/locations".into(), "Places"),
        ("/locations/the-winding-tower".into(), "The Winding Tower"),
        ("/species".into(), "Species"),
        ("/species/human".into(), "Human"),
        ("/vehicles".into(), "Vehicles"),
        ("/vehicles/cloud-winder".into(), "Cloud Winder"),
        ("/movies/the-lantern-ferry".into(), "The Lantern Ferry"),
        (address(&source, 1), long.trim()),
        (address(&source, 3), ""),
        ("/status".into(), "Status"),
        ("/api/docs".into(), "API reference"),
        ("/movies/no-such-movie".into(), "Page not found"),
    ];
    let browser = Browser::start().await;
    let host = pyflix.url().trim_start_matches("http://");
    for width in WIDTHS {
        browser.set_window(width, 800).await;
        for scheme in ["light", "dark"] {
            browser.set_color_scheme(scheme).await;
            for (path, heading) in &pages {
                let what = format!("{path} at {width} in {scheme}");
                browser.open(&format!("{}{path}", pyflix.url())).await;
                assert!(
                    browser.scroll_width().await <= browser.inner_width().await,
                    "{what} scrolls sideways"
                );
                let hosts = browser.requested_hosts().await;
                assert!(
                    hosts.iter().all(|other| other == host),
                    "{what} asks {hosts:?}"
                );
                let mut errors = browser.console_errors().await;
                // A browser logs the 404 of a missing page.
                errors.retain(|error| !(path.contains("no-such") && error.contains("404")));
                assert!(errors.is_empty(), "{what}: {errors:?}");
                let found = eval_or_empty(&browser, HEADINGS).await;
                assert!(found.contains(heading), "{what}: {found}");
                assert_eq!(
                    eval_or_empty(&browser, BROKEN_IMAGES).await,
                    "",
                    "{what} lacks drawings"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_reset_without_scripts() {
    let pyflix = start_app().await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/movies", pyflix.url())).await;

    eval_or_empty(
        &browser,
        "document.querySelector('.filters summary').click();
         document.querySelector('#director').value = 'Isao Takahata';
         document.querySelector('#sort').value = '-year';
         document.querySelector('.sort button').click()",
    )
    .await;
    wait_until_url(&browser, "sort=-year&director=Isao+Takahata").await;
    let titles = eval_or_empty(&browser, TITLES).await;
    assert!(
        titles.starts_with("The Tale of the Princess Kaguya|"),
        "{titles}"
    );
    assert!(titles.ends_with("|Grave of the Fireflies"), "{titles}");

    eval_or_empty(&browser, "document.querySelector('.chips a').click()").await;
    wait_until_url(&browser, "sort=-year").await;
}

async fn wait_until_url(browser: &Browser, query: &str) {
    eventually(DEADLINE, async || {
        let address = browser.client().current_url().await.ok()?;
        let loaded = eval_or_empty(browser, "return document.readyState").await == "complete";
        (loaded && address.query() == Some(query)).then_some(())
    })
    .await;
}

fn address(source: &Source, film: usize) -> String {
    let id = source.catalogue().collection("films")[film]["id"].clone();
    format!("/movies/{}", id.as_str().unwrap_or_default())
}

const HEADINGS: &str =
    "return [...document.querySelectorAll('h1')].map(h => h.textContent).join('|')";
const TITLES: &str =
    "return [...document.querySelectorAll('.card h2')].map(h => h.textContent).join('|')";
/// Loaded images that cannot be shown.
const BROKEN_IMAGES: &str = "return [...document.images]\
    .filter(image => image.complete && !image.naturalWidth).map(image => image.src).join('|')";

async fn eval_or_empty(browser: &Browser, script: &str) -> String {
    let found = browser.client().execute(script, Vec::new()).await;
    found
        .ok()
        .and_then(|text| text.as_str().map(str::to_owned))
        .unwrap_or_default()
}
