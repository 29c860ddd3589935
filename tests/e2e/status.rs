//! `/status`, its notice on other pages and its data in the API, followed by open pages.

use e2e::{DEADLINE, Store, get, wait_until_shows};
use serde_json::{Value, json};
use testkit::browser::Browser;
use testkit::mongo::{Mongo, MongoOptions};
use testkit::process::{Finished, Service, run_to_end_in};
use testkit::source::{Fault, Source, film};

const HEADLINE: &str = "return document.querySelector('.headline')?.textContent ?? ''";
const NOTICES: &str = "return [...document.querySelectorAll('main .notice')].map(it => it.textContent.slice(0, 29)).join('|')";
const UP_TO_DATE: &str = "Up to date: the last sync succeeded.";

/// A source, a web app and a page that is never reloaded.
struct OpenPage {
    source: Source,
    store: Store,
    webapp: Service,
    browser: Browser,
}

impl OpenPage {
    /// Publishes 14 movies, and opens a page.
    async fn open(store: Store, path: &str) -> Self {
        let source = Source::start().await;
        for number in 10..20 {
            source.add_film(film(number));
        }
        let published = store.command(&source.url(), &["once"]).await;
        assert_eq!(published.code, Some(0), "{published:?}");
        let webapp = store.webapp().await;
        wait_until_shows(&format!("{}/movies", webapp.url()), "The Lantern Ferry").await;
        let browser = Browser::start_with_window(1280, 800).await;
        browser.open(&format!("{}{path}", webapp.url())).await;
        browser.eval("window.isSame = true").await;
        Self {
            source,
            store,
            webapp,
            browser,
        }
    }

    async fn run(&self, args: &[&str]) -> Finished {
        self.store.command(&self.source.url(), args).await
    }

    /// Waits until a script returns a value, on the page that was opened first.
    async fn until(&self, script: &str, expected: &str) {
        self.browser
            .wait_for_value(script, expected, DEADLINE)
            .await;
        assert_eq!(self.browser.eval("return window.isSame").await, "true");
    }

    /// Presses the button beside the command of a held sync, and reads the clipboard.
    async fn copy_the_command(&self) {
        let permissions =
            json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        self.browser
            .devtools("Browser.grantPermissions", permissions)
            .await;
        let button = "document.querySelector('section.held .command button')";
        let press = format!("return {button}.textContent + ({button}.click() ?? '')");
        assert_eq!(self.browser.eval(&press).await, "Copy");
        let text = format!("return {button}.textContent");
        self.until(&text, "Copied").await;
        let copied = "return navigator.clipboard.readText()";
        assert_eq!(self.browser.eval(copied).await, "syncer approve");
        let selected = "return getSelection().toString()";
        assert_eq!(self.browser.eval(selected).await, "syncer approve");
        self.until(&text, "Copy").await;
    }

    async fn api(&self) -> Value {
        let url = format!("{}/api/v1/status", self.webapp.url());
        get(&url).await.json()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_status_page_follows_a_held_sync_its_approval_and_its_publication() {
    let page = OpenPage::open(Store::sqlite(), "/status").await;
    page.until(HEADLINE, UP_TO_DATE).await;
    let films = page.source.catalogue().films;
    page.source.set("films", films[4..].to_vec());

    assert_eq!(page.run(&["once"]).await.code, Some(3));
    let held = "Held for review: the last sync would make changes that look like damage.";
    page.until(HEADLINE, held).await;
    let removed = "return [...document.querySelectorAll('section.held h3')]\
        .find(it => it.textContent === 'Would be removed').nextElementSibling.innerText";
    let names = page.browser.eval(removed).await;
    for film in &films[..4] {
        let title = film["title"].as_str().unwrap();
        assert!(names.contains(title), "{title}: {names}");
    }
    let command = "return document.querySelector('section.held .command code').textContent";
    assert_eq!(page.browser.eval(command).await, "syncer approve");
    page.copy_the_command().await;
    let status = page.api().await;
    assert_eq!(status["state"], "held");
    assert_eq!(status["needs_attention"], true);
    assert_eq!(status["conditions"]["held"], true);
    assert_eq!(status["pinned"], Value::Null);
    assert_eq!(status["fresh"], true);
    assert_eq!(status["held"]["changes"][0]["change"], "removed");
    let movies = get(&format!("{}/movies", page.webapp.url())).await.body;
    assert!(movies.contains("A sync is held for review"), "{movies}");

    assert_eq!(page.run(&["approve"]).await.code, Some(0));
    let approved = "Held and approved: the next sync publishes the changes listed below.";
    page.until(HEADLINE, approved).await;
    assert_eq!(page.run(&["once"]).await.code, Some(0));
    page.until(HEADLINE, UP_TO_DATE).await;
    let section = "return document.querySelector('section.held')";
    page.until(section, "null").await;
    assert_eq!(page.api().await["needs_attention"], false);
    assert!(page.browser.console_errors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_status_page_follows_a_pin_and_counts_the_waiting_changes() {
    let page = OpenPage::open(Store::sqlite(), "/status").await;
    page.until(HEADLINE, UP_TO_DATE).await;
    page.run(&["pin", "1"]).await;
    let pinned =
        |waiting: &str| format!("Pinned to version 1. {waiting}. To follow the source again, run");
    page.until(HEADLINE, &pinned("No changes are waiting"))
        .await;
    page.source.add_film(film(99));
    page.run(&["once"]).await;
    page.until(HEADLINE, &pinned("1 change is waiting")).await;
    let status = page.api().await;
    assert_eq!(status["state"], "pinned");
    assert_eq!(status["pinned"], 1);
    assert_eq!(status["needs_attention"], false);
    page.run(&["unpin"]).await;
    page.until(HEADLINE, UP_TO_DATE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_status_page_follows_the_source_the_quarantine_and_every_sync() {
    let page = OpenPage::open(Store::sqlite(), "/status").await;
    page.until(HEADLINE, UP_TO_DATE).await;
    page.source.misbehave_everywhere(Fault::Status(503));
    assert_eq!(page.run(&["once"]).await.code, Some(1));
    page.until(HEADLINE, "Out of date: the source is unavailable.")
        .await;
    page.source.behave();
    page.source.edit(|catalogue| {
        catalogue.films[0]["title"] = json!({ "en": "An object" });
    });
    assert_eq!(page.run(&["once"]).await.code, Some(0));
    page.until(HEADLINE, UP_TO_DATE).await;
    let quarantined =
        "return document.querySelector('#quarantine ~ .runs strong')?.textContent ?? ''";
    page.until(quarantined, "The Lantern Ferry").await;
    for times in 2..=3 {
        page.run(&["once"]).await;
        let repeated = format!(
            "return document.querySelector('.ledger td')?.textContent.endsWith(', ×{times}')"
        );
        page.until(&repeated, "true").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_status_page_follows_the_database() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let page = OpenPage::open(Store::at(mongo.url("movies_db")), "/status").await;
    page.until(HEADLINE, UP_TO_DATE).await;
    mongo.kill();
    page.until(HEADLINE, "Out of date: the database is unavailable.")
        .await;
    let status = page.api().await;
    assert_eq!(status["state"], "database_unavailable");
    assert_eq!(status["needs_attention"], true);
    mongo.restart().await;
    page.until(HEADLINE, UP_TO_DATE).await;
    assert!(page.api().await["database_bytes"].as_u64() > Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_item_page_gets_and_loses_its_missing_notice() {
    let page = OpenPage::open(Store::sqlite(), "/movies/the-lantern-ferry").await;
    let title = "return document.querySelector('h1').textContent";
    page.until(title, "The Lantern Ferry").await;
    let films = page.source.catalogue().films;
    page.source.set("films", films[1..].to_vec());
    page.run(&["once"]).await;
    page.until(NOTICES, "Missing from the source since").await;
    page.source.set("films", films);
    page.run(&["once"]).await;
    page.until(NOTICES, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn public_pages_show_no_secret_no_database_address_and_no_path() {
    let source = Source::start().await;
    let provider = source.url().replace("://", "://someone:hunter2@");
    let folder = tempfile::TempDir::with_prefix("secret-folder-").unwrap();
    let database = format!("sqlite:{}/secret-name.db", folder.path().display());
    let envs = [
        ("PYFLIX_PROVIDER_URLS", provider.as_str()),
        ("PYFLIX_DATABASE_URL", database.as_str()),
        ("PYFLIX_SYNC_INTERVAL", "250ms"),
    ];
    let once = async || run_to_end_in(folder.path(), "syncer", &envs, &["once"], DEADLINE).await;
    let webapp = Service::start_web("webapp", &envs, &[], DEADLINE).await;
    let url = |path: &str| format!("{}{path}", webapp.url());
    let publish = once().await;
    assert_eq!(publish.code, Some(0), "{publish:?}");
    let pages = ["/status", "/movies", "/api/v1/status", "/api/v1/runs"];
    let check = async |state: &str| {
        wait_until_shows(&url("/api/v1/status"), &format!("\"state\":\"{state}\"")).await;
        for path in pages {
            let page = get(&url(path)).await.body;
            for secret in ["someone", "hunter2", "secret-", "PYFLIX_DATABASE"] {
                assert!(
                    !page.contains(secret),
                    "{path}, {state}: {secret} in {page}"
                );
            }
        }
    };
    check("up_to_date").await;
    // The source without them.
    wait_until_shows(&url("/status"), &source.url()).await;
    source.misbehave_everywhere(Fault::Status(500));
    assert_eq!(once().await.code, Some(1));
    check("source_unavailable").await;
    source.misbehave_everywhere(Fault::Empty);
    assert_eq!(once().await.code, Some(3));
    check("held").await;
}
