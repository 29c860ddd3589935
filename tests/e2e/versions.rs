//! Pages and APIs as of a version.

use std::collections::{BTreeMap, BTreeSet};

use e2e::{DEADLINE, Response, Store, get, start_mirror, try_get, wait_until_shows};
use serde_json::json;
use testkit::browser::Browser;
use testkit::eventually;
use testkit::process::{Service, run_to_end};
use testkit::source::{COLLECTIONS, Source, film};

/// The film that the tests change.
const FERRY: &str = "1069e34e-1a3c-5974-92de-c50d42a7b39a";
/// The first pages of the crawl; all others are found by links.
const STARTS: [&str; 5] = [
    "/",
    "/movies?view=list&sort=-year",
    "/timeline",
    "/directors",
    "/search?q=lantern",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_as_of_a_version_is_as_it_was_when_current_over_sqlite() {
    every_page_as_of_a_version_is_as_it_was_when_current(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_as_of_a_version_is_as_it_was_when_current_over_mongodb() {
    every_page_as_of_a_version_is_as_it_was_when_current(Store::mongodb().await).await;
}

async fn every_page_as_of_a_version_is_as_it_was_when_current(store: Store) {
    let source = Source::start().await;
    let provider = source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", provider.as_str()),
        // Removed by the second sync without it.
        ("PYFLIX_MISSED_SYNCS", "1"),
    ];
    let webapp = store.webapp().await;
    let mut recorded = Vec::new();
    for version in 1..=5_u64 {
        let mut command = &["once"][..];
        match version {
            2 => source.rename_film(FERRY, "The Paper Ferry"),
            3 => source.edit(|catalogue| {
                catalogue.films.push(film(7));
                let people = catalogue.collection_mut("people");
                people.retain(|person| person["name"] != "Hana Okabe");
            }),
            4 => source.edit(|catalogue| {
                catalogue.film_mut(FERRY)["director"] = json!("Nobody Before");
            }),
            5 => command = &["rollback", "2"],
            _ => {}
        }
        let ran = run_to_end("syncer", &envs, command, DEADLINE).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        wait_until_is_at(&webapp, version).await;
        recorded.push(crawl(&webapp, None).await);
    }
    drop(webapp);
    let webapp = store.webapp().await;
    wait_until_is_at(&webapp, 5).await;
    let oldest = format!("{}/?version=1", webapp.url());
    wait_until_shows(&oldest, "You are viewing version 1, published").await;
    for (version, then) in (1..).zip(&recorded) {
        let now = crawl(&webapp, Some(version)).await;
        let addresses = [then, &now].map(|pages| pages.keys().collect::<BTreeSet<_>>());
        assert_eq!(addresses[0], addresses[1], "as of {version}");
        for (address, then) in then {
            let now = &now[address];
            let differing = now
                .lines()
                .zip(then.lines())
                .find(|(now, then)| now != then);
            assert_eq!(differing, None, "{address} as of {version}");
            assert_eq!(now.len(), then.len(), "{address} as of {version}");
        }
        assert!(then.len() > 50, "{}", then.len());
    }
    assert!(recorded[0].contains_key("/people/hana-okabe"));
    assert!(!recorded[3].contains_key("/people/hana-okabe"));
}

async fn wait_until_is_at(webapp: &Service, version: u64) {
    let is_there = async || {
        let home = try_get(webapp.url())
            .await
            .map_err(|error| error.to_string())?;
        let shown = home.header("x-catalogue-version").map(str::to_owned);
        let is_there = shown == Some(version.to_string());
        is_there.then_some(()).ok_or(format!("{shown:?}"))
    };
    eventually(DEADLINE, is_there).await;
}

/// All pages of the catalogue and their JSON, by address, without marks of the version.
async fn crawl(webapp: &Service, version: Option<u64>) -> BTreeMap<String, String> {
    let as_of = |address: &str| match version {
        None => address.to_owned(),
        Some(version) if address.starts_with("/ghibli") => format!("/versions/{version}{address}"),
        Some(version) if address.contains('?') => format!("{address}&version={version}"),
        Some(version) => format!("{address}?version={version}"),
    };
    let mut open: Vec<_> = STARTS.map(str::to_owned).into();
    open.extend(COLLECTIONS.map(|name| format!("/ghibli/{name}")));
    open.extend(["/api/v1/movies?per_page=2".into(), "/api/v1/people".into()]);
    let mut seen: BTreeSet<_> = open.iter().cloned().collect();
    let mut pages = BTreeMap::new();
    while let Some(address) = open.pop() {
        let response = get(&format!("{}{}", webapp.url(), as_of(&address))).await;
        assert_eq!(
            response.status, 200,
            "{address} as of {version:?}: {}",
            response.head
        );
        let page = without_marks(&response, version).replace(webapp.url(), "http://here");
        for link in page.split(" href=\"/").skip(1) {
            let link = link.split('"').next().unwrap_or_default();
            let link = format!("/{}", link.replace("&#38;", "&"));
            let others = [
                "/changes",
                "/status",
                "/about",
                "/static",
                "/feed",
                "/favicon",
                "/api/docs",
                "/movies/random",
            ];
            let is_other = others.iter().any(|other| link.starts_with(other));
            if !is_other && seen.insert(link.clone()) {
                open.push(link);
            }
        }
        pages.insert(address, page);
    }
    pages
}

/// A page as any version has it.
fn without_marks(response: &Response, version: Option<u64>) -> String {
    let mut text = response.body.clone();
    if let Some(version) = version {
        assert_eq!(
            response.header("x-catalogue-version"),
            Some(&*version.to_string())
        );
        assert_eq!(response.header("x-robots-tag"), Some("noindex, nofollow"));
        for mark in [
            format!("&#38;version={version}"),
            format!("?version={version}"),
            format!("/versions/{version}"),
            format!("<input type=\"hidden\" name=\"version\" value=\"{version}\">"),
        ] {
            text = text.replace(&mark, "");
        }
    }
    let is_mark = |line: &&str| {
        [
            "<p class=\"notice\"",
            "<link rel=\"canonical\"",
            "<meta name=\"robots\"",
            "<p data-notices=",
            "<p>Up to date. ",
            "<p><a href=\"/status\">Sync status",
        ]
        .iter()
        .any(|start| line.starts_with(start))
    };
    let lines: Vec<_> = text.lines().filter(|line| !is_mark(line)).collect();
    lines.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_no_longer_kept_is_a_404_that_names_the_available_ones() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let webapp = store.webapp().await;
    let provider = source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", provider.as_str()),
        ("PYFLIX_RETENTION", "2"),
    ];
    for number in 1..=4 {
        source.rename_film(FERRY, &format!("The Ferry of Year {number}"));
        let ran = run_to_end("syncer", &envs, &["once"], DEADLINE).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        wait_until_is_at(&webapp, number).await;
    }
    let url = |path: &str| format!("{}{path}", webapp.url());
    let page = wait_until_shows(&url("/movies?version=1"), "ersions 3 to 4 are available.").await;
    assert_eq!(page.status, 404);
    for path in ["/api/v1/movies?version=2", "/versions/2/ghibli/films"] {
        let problem = get(&url(path)).await;
        assert_eq!(problem.status, 404);
        let detail = "versions 3 to 4 are available";
        assert_eq!(problem.json()["detail"], detail, "{path}");
    }
    let kept = get(&url("/movies?version=3")).await;
    assert!(kept.status == 200 && kept.body.contains("The Ferry of Year 3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_walks_from_a_version_to_an_old_page_and_on_to_today() {
    let source = Source::start().await;
    let pyflix = start_mirror(&source, &[]).await;
    let url = |path: &str| format!("{}{path}", pyflix.url());
    source.rename_film(FERRY, "The Paper Ferry");
    wait_until_shows(&url("/movies"), "The Paper Ferry").await;

    let browser = Browser::start_with_window(1280, 900).await;
    let click = async |text: &str| {
        let script = format!(
            "[...document.querySelectorAll('a')].find((a) => a.textContent.trim() === '{text}').click()"
        );
        browser.eval(&script).await;
    };
    let until = async |script: &str, expected: &str| {
        browser.wait_for_value(script, expected, DEADLINE).await;
    };
    let address =
        "return document.readyState === 'complete' && location.pathname + location.search";
    browser.open(&url("/changes/1")).await;
    click("Browse the catalogue at this version").await;
    until(address, "/?version=1").await;
    click("Movies").await;
    until(address, "/movies?version=1").await;
    click("The Lantern Ferry").await;
    until(address, "/movies/the-lantern-ferry?version=1").await;
    let drawings =
        "return [...document.images].every((image) => image.complete && image.naturalWidth)";
    browser
        .eval("document.querySelectorAll('img').forEach((image) => image.loading = 'eager')")
        .await;
    until(drawings, "true").await;

    // The page stays as it is, and follows no events.
    source.rename_film(FERRY, "The Glass Ferry");
    wait_until_shows(&url("/movies"), "The Glass Ferry").await;
    browser.press('/').await;
    browser.type_text("lantern").await;
    let suggestion = "return document.querySelector('#suggestions li')?.dataset.href ?? ''";
    until(suggestion, "/movies/the-lantern-ferry?version=1").await;
    let heading = "return document.querySelector('h1').textContent.trim()";
    assert_eq!(browser.eval(heading).await, "The Lantern Ferry");
    let streams = "return performance.getEntriesByType('resource')\
                   .filter(({ name }) => name.includes('/events')).length";
    assert_eq!(browser.eval(streams).await, "0");
    browser
        .eval("document.querySelector('.search-form').requestSubmit()")
        .await;
    until(address, "/search?version=1&q=lantern").await;
    until(
        "return document.querySelector('.hit .name')?.textContent ?? ''",
        "The Lantern Ferry",
    )
    .await;

    click("The Lantern Ferry").await;
    until(address, "/movies/the-lantern-ferry?version=1").await;
    click("This page today").await;
    until(address, "/movies/the-lantern-ferry").await;
    assert_eq!(browser.eval(heading).await, "The Glass Ferry");
    let errors = browser.console_errors().await;
    assert!(errors.is_empty(), "{errors:?}");
}
