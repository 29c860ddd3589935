//! Live updates of open pages.

mod keyboard;

use serde_json::json;

use e2e::{DEADLINE, start_mirror, wait_until_shows};
use testkit::browser::Browser;
use testkit::process::Service;
use testkit::source::Source;

/// The film that the tests change.
const FERRY: &str = "1069e34e-1a3c-5974-92de-c50d42a7b39a";

struct LiveSite {
    source: Source,
    pyflix: Service,
    browser: Browser,
}

impl LiveSite {
    async fn start() -> Self {
        let source = Source::start().await;
        let pyflix = start_mirror(&source, &[]).await;
        let browser = Browser::start_with_window(1280, 800).await;
        Self {
            source,
            pyflix,
            browser,
        }
    }

    async fn open(&self, path: &str) {
        let url = format!("{}{path}", self.pyflix.url());
        self.browser.open(&url).await;
    }

    /// Runs a script before those of every page that is opened later.
    async fn run_before_pages(&self, script: &str) {
        let method = "Page.addScriptToEvaluateOnNewDocument";
        let script = json!({ "source": script });
        self.browser.devtools(method, script).await;
    }

    /// Waits until a script returns a value.
    async fn until(&self, script: &str, expected: &str) {
        self.browser
            .wait_for_value(script, expected, DEADLINE)
            .await;
    }

    /// Waits until the page has opened its event stream.
    async fn wait_until_live(&self) {
        let opened = "return performance.getEntriesByType('resource').length > 0 && \
                      document.querySelector('.live') !== null";
        self.until(opened, "true").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_shows_a_new_version_and_keeps_input_and_scroll_position() {
    let site = LiveSite::start().await;
    site.open("/movies").await;
    site.wait_until_live().await;
    site.browser.press('/').await;
    site.browser.type_text("winter").await;
    site.browser.eval("scrollTo(0, 40)").await;

    site.source.rename_film(FERRY, "The Paper Ferry");

    let card = format!("return document.querySelector('main [data-id=\"{FERRY}\"]')");
    let title = format!("{card}.querySelector('h2').textContent");
    site.until(&title, "The Paper Ferry").await;
    let changed = format!("{card}.dataset.changed");
    site.until(&changed, "updated").await;
    let notice =
        "return document.querySelector('.live > p:not(.visually-hidden)')?.textContent ?? ''";
    site.until(notice, "The Paper Ferry was updated").await;
    let typed = "return document.activeElement.id + ' ' + document.activeElement.value";
    assert_eq!(site.browser.eval(typed).await, "search winter");
    assert_eq!(site.browser.eval("return scrollY").await, "40");

    site.browser
        .eval("document.querySelector('.live button').click()")
        .await;
    assert_eq!(site.browser.eval(notice).await, "");
    assert!(site.browser.console_errors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_goes_after_a_while_unless_it_has_the_focus() {
    let site = LiveSite::start().await;
    // Time goes by faster, and the timers are counted.
    let faster = "const later = setTimeout; window.timers = 0; \
         window.setTimeout = (task, time, ...more) => time === 10_000 \
             ? later(() => { window.timers += 1; task(); }, 100) : later(task, time, ...more);";
    let method = "Page.addScriptToEvaluateOnNewDocument";
    site.browser
        .devtools(method, json!({ "source": faster }))
        .await;
    site.open("/movies").await;
    site.wait_until_live().await;
    let show = "document.dispatchEvent(new CustomEvent('show-message', { detail: 'Saved' })); \
         document.querySelector('.live button').focus(); window.timers = 0; return 'shown'";
    assert_eq!(site.browser.eval(show).await, "shown");
    let text =
        "return document.querySelector('.live > p:not(.visually-hidden)')?.textContent ?? ''";
    site.until("return window.timers > 2", "true").await;
    assert_eq!(site.browser.eval(text).await, "Saved");
    site.browser.eval("document.activeElement.blur()").await;
    site.until(text, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_open_page_of_a_removed_item_says_that_it_is_gone() {
    let site = LiveSite::start().await;
    site.open("/people/hana-okabe").await;
    site.wait_until_live().await;

    site.source.edit(|catalogue| {
        let people = catalogue.collection_mut("people");
        people.retain(|person| person["name"] != "Hana Okabe");
    });

    let heading = "return document.querySelector('h1').textContent.trim()";
    site.until(heading, "Removed from the catalogue").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_is_kept_when_the_page_around_it_changes() {
    let site = LiveSite::start().await;
    site.source.rename_film(FERRY, "The Paper Ferry");
    site.open("/changes").await;
    site.until(
        "return document.querySelectorAll('.versions li').length",
        "2",
    )
    .await;
    site.wait_until_live().await;
    let from = "const field = document.querySelector('#from'); field.focus(); field.select()";
    site.browser.eval(from).await;
    site.browser.type_text("1").await;

    site.source.rename_film(FERRY, "The Glass Ferry");

    let newest = "return document.querySelector('.versions li').id";
    site.until(newest, "version-3").await;
    let typed = "return document.activeElement.id + ' ' + document.activeElement.value";
    assert_eq!(site.browser.eval(typed).await, "from 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_shows_a_notice_while_the_source_is_unavailable() {
    let site = LiveSite::start().await;
    site.open("/movies/the-lantern-ferry").await;
    site.wait_until_live().await;
    let notice = "return document.querySelector('main .notice')?.textContent.slice(0, 37) ?? ''";
    assert_eq!(site.browser.eval(notice).await, "");

    site.source.stop().await;
    site.until(notice, "The source has been unavailable since")
        .await;
    let age = "return document.querySelector('main .notice time').dataset.age";
    assert_eq!(site.browser.eval(age).await, "just now");

    site.source.resume().await;
    site.until(notice, "").await;
    let announcement = "return document.querySelector('.live .visually-hidden').textContent";
    site.until(announcement, "The catalogue is up to date again.")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_restored_from_the_browsers_cache_catches_up() {
    let site = LiveSite::start().await;
    site.open("/movies").await;
    site.wait_until_live().await;
    let closed = "performance.clearResourceTimings(); dispatchEvent(new Event('pagehide'))";
    site.browser.eval(closed).await;
    site.source.rename_film(FERRY, "The Paper Ferry");
    let page = format!("{}/movies", site.pyflix.url());
    wait_until_shows(&page, "The Paper Ferry").await;
    let title =
        format!("return document.querySelector('main [data-id=\"{FERRY}\"] h2').textContent");
    assert_eq!(site.browser.eval(&title).await, "The Lantern Ferry");
    let back = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))";
    site.browser.eval(back).await;
    site.until(&title, "The Paper Ferry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_the_same_content_without_scripts() {
    let site = LiveSite::start().await;
    site.browser.set_scripts(false).await;
    for (path, text) in [
        ("/search?q=lantern", "<mark>Lantern</mark>"),
        ("/changes", "Initial import"),
        ("/changes/1", "everything was new"),
        ("/status", "the last sync succeeded"),
        ("/about", "For developers"),
        ("/movies", "The Lantern Ferry"),
    ] {
        site.open(path).await;
        let page = site.browser.client().source().await.unwrap();
        assert!(page.contains(text), "{path} does not say {text:?}");
        assert!(!page.contains("role=\"listbox\""), "{path} ran a script");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_copies_the_command_before_it() {
    let site = LiveSite::start().await;
    site.open("/api/docs").await;
    site.wait_until_live().await;
    site.browser
        .eval(
            "navigator.clipboard.writeText = async (text) => { window.copied = text; };
             document.querySelector('.command button').click()",
        )
        .await;
    let copied = "const { textContent } = document.querySelector('.command code');
        return [window.copied === textContent, textContent.split(' ')[0]].join()";
    site.until(copied, "true,curl").await;
    let button = "return document.querySelector('.command button').textContent";
    site.until(button, "Copied").await;
    site.until(button, "Copy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_open_tabs_share_one_event_stream_and_all_follow_the_catalogue() {
    let site = LiveSite::start().await;
    let client = site.browser.client();
    let mut tabs = vec![client.window().await.unwrap()];
    site.open("/movies/the-lantern-ferry").await;
    for _ in 1..10 {
        let tab = client.new_window(true).await.unwrap().handle;
        client.switch_to_window(tab.clone()).await.unwrap();
        site.open("/movies/the-lantern-ferry").await;
        tabs.push(tab);
    }
    let streams = async || {
        let metrics = site
            .browser
            .eval("return (await navigator.locks.query()).held.length");
        metrics.await
    };
    assert_eq!(streams().await, "1");

    site.source.rename_film(FERRY, "The Paper Ferry");

    for tab in tabs {
        client.switch_to_window(tab).await.unwrap();
        let title = "return document.querySelector('h1').textContent.trim()";
        site.until(title, "The Paper Ferry").await;
    }
    // The tab with the stream goes, and another one takes over.
    let first = client.windows().await.unwrap().remove(0);
    client.switch_to_window(first).await.unwrap();
    client.close_window().await.unwrap();
    let second = client.windows().await.unwrap().remove(0);
    client.switch_to_window(second).await.unwrap();
    site.source.rename_film(FERRY, "The Glass Ferry");
    let title = "return document.querySelector('h1').textContent.trim()";
    site.until(title, "The Glass Ferry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_opened_with_a_password_in_its_address_is_live_and_suggests_names() {
    let site = LiveSite::start().await;
    let address = site.pyflix.url().replace("://", "://user:secret@");
    site.browser.open(&format!("{address}/movies")).await;
    site.wait_until_live().await;
    site.browser.press('/').await;
    site.browser.type_text("lantern").await;
    let offered = "return document.querySelector('#suggestions li')?.firstChild.data ?? ''";
    site.until(offered, "The Lantern Ferry").await;

    site.source.rename_film(FERRY, "The Paper Ferry");

    let title =
        format!("return document.querySelector('main [data-id=\"{FERRY}\"] h2').textContent");
    site.until(&title, "The Paper Ferry").await;
    assert!(site.browser.console_errors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_that_is_opened_in_the_background_opens_its_event_stream_when_it_is_shown() {
    let site = LiveSite::start().await;
    let hidden = "window.isHidden = true; window.streams = 0; \
        Object.defineProperty(document, 'hidden', { get: () => isHidden }); \
        const request = LockManager.prototype.request; \
        LockManager.prototype.request = function (...all) { streams++; return request.apply(this, all); };";
    site.run_before_pages(hidden).await;
    site.open("/movies").await;
    let streams = "return document.readyState + ' ' + streams";
    site.until(streams, "complete 0").await;
    let show = "isHidden = false; document.dispatchEvent(new Event('visibilitychange'))";
    site.browser.eval(show).await;
    site.until(streams, "complete 1").await;
    site.source.rename_film(FERRY, "The Paper Ferry");
    let card = format!("return document.querySelector('main [data-id=\"{FERRY}\"] h2')");
    let title = format!("{card}.textContent");
    site.until(&title, "The Paper Ferry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ages_are_by_the_clock_of_the_server() {
    let site = LiveSite::start().await;
    let shifted = "const now = Date.now; Date.now = () => now() + 3 * 3600 * 1000;";
    site.run_before_pages(shifted).await;
    site.open("/status").await;
    let age = "return document.querySelector('main time').dataset.age ?? ''";
    site.until(age, "just now").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_local_with_utc_in_the_title_and_utc_without_scripts() {
    let site = LiveSite::start().await;
    let zone = json!({ "timezoneId": "Pacific/Honolulu" });
    site.browser
        .devtools("Emulation.setTimezoneOverride", zone)
        .await;
    site.open("/changes").await;
    site.wait_until_live().await;
    let text = "return document.querySelector('main time').textContent";
    let title = "return document.querySelector('main time').title";
    let local = site.browser.eval(text).await;
    let utc = site.browser.eval(title).await;
    assert!(
        local.ends_with("GMT-10") || local.ends_with("HST"),
        "{local}"
    );
    assert!(utc.ends_with(" UTC"), "{utc}");

    site.browser.set_scripts(false).await;
    site.open("/changes").await;
    assert_eq!(site.browser.eval(text).await, utc);
}
