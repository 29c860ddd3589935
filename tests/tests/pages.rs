//! The pages in a real browser.

use e2e::{DEADLINE, until_it_says};
use testkit::browser::Browser;
use testkit::process::Service;
use testkit::source::Source;

/// The narrowest that must do, a phone, a desktop.
const WIDTHS: [u32; 3] = [320, 360, 1280];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_and_is_quiet_on_phone_and_desktop_in_light_and_dark() {
    let source = Source::start().await;
    let long = "A title that goes on and on without an end in sight ".repeat(6);
    source.edit(|catalogue| {
        catalogue.collection_mut("films")[1]["title"] = long.as_str().into();
        catalogue.collection_mut("films")[2]["title"] = "無".repeat(120).into();
        catalogue.collection_mut("films")[3]["description"] =
            "<script>alert(1)</script><img src=x onerror=alert(1)>".into();
    });
    let provider = source.url();
    let envs = [("PYFLIX_PROVIDER_URLS", provider.as_str())];
    let pyflix = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    until_it_says(&format!("{}/movies", pyflix.url()), "The Lantern Ferry").await;

    let pages = [
        ("/".to_owned(), "Welcome to PyFlix WebApp!"),
        ("/movies".into(), "Movies"),
        ("/movies?people=all".into(), "Movies"),
        ("/movies/the-lantern-ferry".into(), "The Lantern Ferry"),
        (address(&source, 1), long.trim()),
        (address(&source, 3), ""),
        ("/status".into(), "Status"),
        ("/movies/no-such-movie".into(), "No such page"),
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
                // A browser notes the status of a page that is not there.
                errors.retain(|error| !(path.contains("no-such") && error.contains("404")));
                assert!(errors.is_empty(), "{what}: {errors:?}");
                let found = h1(&browser).await;
                assert!(found.contains(heading), "{what}: {found}");
            }
        }
    }
}

fn address(source: &Source, film: usize) -> String {
    let id = source.catalogue().collection("films")[film]["id"].clone();
    format!("/movies/{}", id.as_str().unwrap_or_default())
}

async fn h1(browser: &Browser) -> String {
    let script = "return [...document.querySelectorAll('h1')].map(h => h.textContent).join('|')";
    let found = browser.client().execute(script, Vec::new()).await;
    found
        .ok()
        .and_then(|text| text.as_str().map(str::to_owned))
        .unwrap_or_default()
}
