//! The pages against the rules of the accessibility engine axe.

use e2e::{DEADLINE, wait_until_shows};
use testkit::browser::Browser;
use testkit::process::Service;
use testkit::source::{Fault, Source};

/// Every page in each of its states.
const PAGES: [&str; 31] = [
    "/",
    "/movies",
    "/movies?people=human&view=list",
    "/movies?director=Midori+Asakura&sort=-score",
    "/movies?director=nobody",
    "/movies/the-lantern-ferry",
    "/people",
    "/people/hana-okabe",
    "/locations",
    "/locations/lake-of-two-shores",
    "/species",
    "/species/human",
    "/vehicles",
    "/vehicles/cloud-winder",
    "/directors",
    "/directors/midori-asakura",
    "/producers",
    "/producers/ren-kuwabara",
    "/timeline",
    "/search",
    "/search?q=lantern",
    "/search?q=hna&kind=people",
    "/search?q=nothing+is+called+so",
    "/search?q=asakura",
    "/changes",
    "/changes/2",
    "/changes?from=2&to=1",
    "/status",
    "/about",
    "/api/docs",
    "/no/such/page",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_page_breaks_a_rule_of_accessibility_in_light_or_dark() {
    let source = Source::start().await;
    let provider = source.url();
    let envs = [
        ("PYFLIX_PROVIDER_URLS", provider.as_str()),
        ("PYFLIX_SYNC_INTERVAL", "250ms"),
    ];
    let pyflix = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    let url = |path: &str| format!("{}{path}", pyflix.url());
    wait_until_shows(&url("/movies"), "The Lantern Ferry").await;
    source.edit(|catalogue| {
        let film = &mut catalogue.films[0];
        film["rt_score"] = "71".into();
        film["description"] = format!("{} And more.", film["description"]).into();
    });
    wait_until_shows(&url("/changes"), "/changes/2").await;
    // Every page then has the notice, and the status page its most content.
    source.misbehave("films", Fault::Status(503));
    wait_until_shows(&url("/status"), "Out of date: the source is unavailable").await;

    let browser = Browser::start().await;
    browser.set_window(1280, 800).await;
    let mut broken = Vec::new();
    for scheme in ["light", "dark"] {
        browser.set_color_scheme(scheme).await;
        for path in PAGES {
            browser.open(&url(path)).await;
            let violations = browser.accessibility_violations().await;
            broken.extend(
                violations
                    .into_iter()
                    .map(|rule| format!("{path} in {scheme}: {rule}")),
            );
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
