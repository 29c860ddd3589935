//! The pages against the rules of the accessibility engine axe.

use e2e::{DEADLINE, start_mirror, wait_until_shows};
use testkit::browser::Browser;
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
    let pyflix = start_mirror(&source, &[]).await;
    let url = |path: &str| format!("{}{path}", pyflix.url());
    source.edit(|catalogue| {
        let film = &mut catalogue.films[0];
        film["rt_score"] = "71".into();
        film["description"] = format!("{} And more.", film["description"]).into();
    });
    wait_until_shows(&url("/changes"), "/changes/2").await;
    // Every page then has the notice, and the status page its most content.
    source.misbehave("films", Fault::Status(503));
    wait_until_shows(&url("/status"), "Out of date: the source is unavailable").await;

    let browser = Browser::start_with_window(1280, 800).await;
    let mut broken = Vec::new();
    for scheme in ["light", "dark"] {
        browser.set_color_scheme(scheme).await;
        for path in PAGES {
            browser.open(&url(path)).await;
            broken.extend(broken_rules(&browser, path, scheme).await);
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The rules that the open page breaks, with its path and color scheme.
async fn broken_rules(browser: &Browser, path: &str, scheme: &str) -> Vec<String> {
    let rules = browser.accessibility_violations().await.into_iter();
    rules
        .map(|rule| format!("{path} in {scheme}: {rule}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn marked_movies_filters_and_their_files_break_no_rule_of_accessibility() {
    let source = Source::start().await;
    let pyflix = start_mirror(&source, &[]).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/movies", pyflix.url())).await;
    let mark = "document.querySelector('[data-mark=seen]').click(); return 'marked'";
    assert_eq!(browser.eval(mark).await, "marked");
    let ready = "const files = document.querySelector('.mark-files');
         if (files) files.open = true;
         return document.querySelectorAll('[aria-pressed=true]').length > 0
             && (!files || files.querySelector('form') !== null)
             && (!location.hash || document.querySelector('.marked li') !== null)";
    let mut broken = Vec::new();
    for (width, scheme) in [(390, "light"), (1280, "dark")] {
        browser.set_window(width, 800).await;
        browser.set_color_scheme(scheme).await;
        for path in [
            "/movies",
            "/movies?view=list#seen",
            "/movies#not-seen",
            "/movies/the-lantern-ferry",
        ] {
            browser.open("about:blank").await;
            browser.open(&format!("{}{path}", pyflix.url())).await;
            browser.wait_for_value(ready, "true", DEADLINE).await;
            broken.extend(broken_rules(&browser, path, scheme).await);
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
