//! Pages that are open while something happens, and pages under a keyboard.

use std::collections::BTreeSet;

use crate::support::{DEADLINE, until_it_says};
use serde_json::json;
use testkit::browser::{Browser, Key};
use testkit::eventually;
use testkit::process::Service;
use testkit::source::Source;

/// The film of the invented source that is changed.
const FERRY: &str = "1069e34e-1a3c-5974-92de-c50d42a7b39a";

struct Scene {
    source: Source,
    pyflix: Service,
    browser: Browser,
}

impl Scene {
    async fn start() -> Self {
        let source = Source::start().await;
        let provider = source.url();
        let envs = [
            ("PYFLIX_PROVIDER_URLS", provider.as_str()),
            ("PYFLIX_SYNC_INTERVAL", "250ms"),
        ];
        let pyflix = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
        until_it_says(&format!("{}/movies", pyflix.url()), "The Lantern Ferry").await;
        let browser = Browser::start().await;
        browser.set_window(1280, 800).await;
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

    /// Waits until a script returns this.
    async fn until(&self, script: &str, expected: &str) {
        eventually(DEADLINE, async || {
            let found = self.browser.eval(script).await;
            if found == expected {
                Ok(())
            } else {
                Err(format!("{script} is {found:?}, not {expected:?}"))
            }
        })
        .await;
    }

    /// Waits until the script of the page listens.
    async fn until_live(&self) {
        let opened = "return performance.getEntriesByType('resource').length > 0 && \
                      document.querySelector('.live') !== null";
        self.until(opened, "true").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_published_while_a_page_is_open_is_shown_and_takes_nothing_away() {
    let scene = Scene::start().await;
    scene.open("/movies").await;
    scene.until_live().await;
    scene.browser.press('/').await;
    scene.browser.type_text("winter").await;
    scene.browser.eval("scrollTo(0, 40)").await;

    scene.source.rename_film(FERRY, "The Paper Ferry");

    let card = format!("return document.querySelector('main [data-id=\"{FERRY}\"]')");
    let title = format!("{card}.querySelector('h2').textContent");
    scene.until(&title, "The Paper Ferry").await;
    let changed = format!("{card}.dataset.changed");
    scene.until(&changed, "updated").await;
    let notice =
        "return document.querySelector('.live > p:not(.visually-hidden)')?.textContent ?? ''";
    scene.until(notice, "The Paper Ferry was updated").await;
    let typed = "return document.activeElement.id + ' ' + document.activeElement.value";
    assert_eq!(scene.browser.eval(typed).await, "search winter");
    assert_eq!(scene.browser.eval("return scrollY").await, "40");

    scene
        .browser
        .eval("document.querySelector('.live button').click()")
        .await;
    assert_eq!(scene.browser.eval(notice).await, "");
    assert!(scene.browser.console_errors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_below_stays_when_the_page_around_it_changes() {
    let scene = Scene::start().await;
    scene.source.rename_film(FERRY, "The Paper Ferry");
    scene.open("/changes").await;
    scene
        .until(
            "return document.querySelectorAll('.versions li').length",
            "2",
        )
        .await;
    scene.until_live().await;
    let from = "const field = document.querySelector('#from'); field.focus(); field.select()";
    scene.browser.eval(from).await;
    scene.browser.type_text("1").await;

    scene.source.rename_film(FERRY, "The Glass Ferry");

    let newest = "return document.querySelector('.versions li').id";
    scene.until(newest, "version-3").await;
    let typed = "return document.activeElement.id + ' ' + document.activeElement.value";
    assert_eq!(scene.browser.eval(typed).await, "from 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_comes_while_the_source_is_away_and_leaves_by_itself() {
    let scene = Scene::start().await;
    scene.open("/movies/the-lantern-ferry").await;
    scene.until_live().await;
    let notice = "return document.querySelector('main .notice')?.textContent.slice(0, 37) ?? ''";
    assert_eq!(scene.browser.eval(notice).await, "");

    scene.source.stop().await;
    scene
        .until(notice, "The source has been unavailable since")
        .await;
    let age = "return document.querySelector('main .notice time').dataset.age";
    assert_eq!(scene.browser.eval(age).await, "just now");

    scene.source.resume().await;
    scene.until(notice, "").await;
    let said = "return document.querySelector('.live .visually-hidden').textContent";
    scene
        .until(said, "The catalogue is up to date again.")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_finds_back_to_the_news_after_the_server_was_away() {
    let scene = Scene::start().await;
    scene.open("/movies").await;
    scene.until_live().await;
    let closed = "performance.clearResourceTimings(); dispatchEvent(new Event('pagehide'))";
    scene.browser.eval(closed).await;
    scene.source.rename_film(FERRY, "The Paper Ferry");
    let page = format!("{}/movies", scene.pyflix.url());
    until_it_says(&page, "The Paper Ferry").await;
    let title =
        format!("return document.querySelector('main [data-id=\"{FERRY}\"] h2').textContent");
    assert_eq!(scene.browser.eval(&title).await, "The Lantern Ferry");
    let back = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))";
    scene.browser.eval(back).await;
    scene.until(&title, "The Paper Ferry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_can_be_reached_by_keyboard_and_is_seen_when_it_is() {
    let scene = Scene::start().await;
    let browser = &scene.browser;
    scene.open("/movies").await;
    scene.until_live().await;

    browser.press(Key::Tab).await;
    let skip = "const link = document.activeElement; \
                return link.textContent + ' ' + (link.getBoundingClientRect().top >= 0)";
    scene.until(skip, "Skip to content true").await;
    browser.press(Key::Enter).await;
    scene
        .until("return document.activeElement.nodeName", "MAIN")
        .await;

    browser.press('/').await;
    let focused = "return document.activeElement.id";
    assert_eq!(browser.eval(focused).await, "search");
    browser.type_text("lantern/").await;
    let value = "return document.activeElement.value";
    assert_eq!(browser.eval(value).await, "lantern/");
    let offered = "return document.querySelector('#suggestions li')?.firstChild.data ?? ''";
    scene.until(offered, "The Lantern Ferry").await;
    browser.press(Key::Escape).await;
    let hidden = "return document.querySelector('#suggestions').hidden";
    assert_eq!(browser.eval(hidden).await, "true");
    assert_eq!(browser.eval(focused).await, "search");
    browser.press(Key::Escape).await;
    assert_eq!(browser.eval(focused).await, "");

    browser.press('/').await;
    browser.type_text("lantern").await;
    scene.until(offered, "The Lantern Ferry").await;
    browser.press(Key::Down).await;
    let chosen = "return document.querySelector('[aria-selected=true]')?.id === \
                  document.activeElement.getAttribute('aria-activedescendant')";
    scene.until(chosen, "true").await;
    let violations = browser.accessibility_violations().await;
    assert!(violations.is_empty(), "{violations:?}");
    browser.press(Key::Enter).await;
    scene
        .until("return location.pathname", "/movies/the-lantern-ferry")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tab_key_goes_through_each_page_in_its_order_and_shows_where_it_is() {
    let scene = Scene::start().await;
    let browser = &scene.browser;
    for path in [
        "/",
        "/movies",
        "/movies/the-lantern-ferry",
        "/people",
        "/search?q=lantern",
        "/changes",
        "/status",
        "/about",
    ] {
        scene.open(path).await;
        scene.until_live().await;
        browser
            .eval("window.order = [...document.querySelectorAll('*')]")
            .await;
        let mut places = Vec::new();
        let mut unseen = BTreeSet::new();
        loop {
            browser.press(Key::Tab).await;
            let at = browser.eval(WHERE).await;
            let Some((place, name)) = at.split_once(' ') else {
                break;
            };
            let place: usize = place.parse().unwrap();
            if places.contains(&place) {
                break;
            }
            places.push(place);
            if !name.is_empty() {
                unseen.insert(name.to_owned());
            }
        }
        assert!(places.len() > 10, "{path}: {places:?}");
        assert!(places.is_sorted(), "{path}: {places:?}");
        assert!(unseen.is_empty(), "{path}: no focus to see at {unseen:?}");
    }
}

/// Where the focus is among all elements; with a name behind it if that cannot be seen.
const WHERE: &str = "
    const at = document.activeElement;
    if (at === document.body) return '';
    const outlined = (style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    const seen = [null, '::after'].some((part) => outlined(getComputedStyle(at, part)));
    return order.indexOf(at) + ' ' + (seen ? '' : at.outerHTML.slice(0, 80));
";

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_every_page_says_the_same() {
    let scene = Scene::start().await;
    scene.browser.set_scripts(false).await;
    for (path, text) in [
        ("/search?q=lantern", "<mark>Lantern</mark>"),
        ("/changes", "Initial import"),
        ("/changes/1", "everything was new"),
        ("/status", "the last sync succeeded"),
        ("/about", "For developers"),
        ("/movies", "The Lantern Ferry"),
    ] {
        scene.open(path).await;
        let page = scene.browser.client().source().await.unwrap();
        assert!(page.contains(text), "{path} does not say {text:?}");
        assert!(!page.contains("role=\"listbox\""), "{path} ran a script");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_open_tabs_share_one_event_stream_and_all_follow_the_catalogue() {
    let scene = Scene::start().await;
    let client = scene.browser.client();
    let mut tabs = vec![client.window().await.unwrap()];
    scene.open("/movies/the-lantern-ferry").await;
    for _ in 1..10 {
        let tab = client.new_window(true).await.unwrap().handle;
        client.switch_to_window(tab.clone()).await.unwrap();
        scene.open("/movies/the-lantern-ferry").await;
        tabs.push(tab);
    }
    let streams = async || {
        let metrics = scene
            .browser
            .eval("return (await navigator.locks.query()).held.length");
        metrics.await
    };
    assert_eq!(streams().await, "1");

    scene.source.rename_film(FERRY, "The Paper Ferry");

    for tab in tabs {
        client.switch_to_window(tab).await.unwrap();
        let title = "return document.querySelector('h1').textContent.trim()";
        scene.until(title, "The Paper Ferry").await;
    }
    // The tab with the stream goes, and another one takes over.
    let first = client.windows().await.unwrap().remove(0);
    client.switch_to_window(first).await.unwrap();
    client.close_window().await.unwrap();
    let second = client.windows().await.unwrap().remove(0);
    client.switch_to_window(second).await.unwrap();
    scene.source.rename_film(FERRY, "The Glass Ferry");
    let title = "return document.querySelector('h1').textContent.trim()";
    scene.until(title, "The Glass Ferry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_opened_with_a_password_in_its_address_is_live_and_suggests_names() {
    let scene = Scene::start().await;
    let address = scene.pyflix.url().replace("://", "://user:secret@");
    scene.browser.open(&format!("{address}/movies")).await;
    scene.until_live().await;
    scene.browser.press('/').await;
    scene.browser.type_text("lantern").await;
    let offered = "return document.querySelector('#suggestions li')?.firstChild.data ?? ''";
    scene.until(offered, "The Lantern Ferry").await;

    scene.source.rename_film(FERRY, "The Paper Ferry");

    let title =
        format!("return document.querySelector('main [data-id=\"{FERRY}\"] h2').textContent");
    scene.until(&title, "The Paper Ferry").await;
    assert!(scene.browser.console_errors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn ages_are_by_the_clock_of_the_server() {
    let scene = Scene::start().await;
    let shifted = "const now = Date.now; Date.now = () => now() - 3 * 3600 * 1000;";
    let script = json!({ "source": shifted });
    let method = "Page.addScriptToEvaluateOnNewDocument";
    scene.browser.devtools(method, script).await;
    scene.open("/status").await;
    let age = "return document.querySelector('main time').dataset.age ?? ''";
    scene.until(age, "just now").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_local_with_utc_in_the_title_and_utc_without_scripts() {
    let scene = Scene::start().await;
    let zone = json!({ "timezoneId": "Pacific/Honolulu" });
    scene
        .browser
        .devtools("Emulation.setTimezoneOverride", zone)
        .await;
    scene.open("/changes").await;
    scene.until_live().await;
    let text = "return document.querySelector('main time').textContent";
    let title = "return document.querySelector('main time').title";
    let local = scene.browser.eval(text).await;
    let utc = scene.browser.eval(title).await;
    assert!(
        local.ends_with("GMT-10") || local.ends_with("HST"),
        "{local}"
    );
    assert!(utc.ends_with(" UTC"), "{utc}");

    scene.browser.set_scripts(false).await;
    scene.open("/changes").await;
    assert_eq!(scene.browser.eval(text).await, utc);
}
