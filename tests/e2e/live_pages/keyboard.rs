//! Navigation by keyboard.

use std::collections::BTreeSet;

use testkit::browser::Key;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_reachable_by_keyboard_with_visible_focus() {
    let site = LiveSite::start().await;
    let browser = &site.browser;
    site.open("/movies").await;
    site.wait_until_live().await;

    browser.press(Key::Tab).await;
    let skip = "const link = document.activeElement; \
                return link.textContent + ' ' + (link.getBoundingClientRect().top >= 0)";
    site.until(skip, "Skip to content true").await;
    browser.press(Key::Enter).await;
    site.until("return document.activeElement.nodeName", "MAIN")
        .await;

    browser.press('/').await;
    let focused = "return document.activeElement.id";
    assert_eq!(browser.eval(focused).await, "search");
    browser.type_text("lantern/").await;
    let value = "return document.activeElement.value";
    assert_eq!(browser.eval(value).await, "lantern/");
    let offered = "return document.querySelector('#suggestions li')?.firstChild.data ?? ''";
    site.until(offered, "The Lantern Ferry").await;
    browser.press(Key::Escape).await;
    let hidden = "return document.querySelector('#suggestions').hidden";
    assert_eq!(browser.eval(hidden).await, "true");
    assert_eq!(browser.eval(focused).await, "search");
    browser.press(Key::Escape).await;
    assert_eq!(browser.eval(focused).await, "");

    browser.press('/').await;
    browser.type_text("lantern").await;
    site.until(offered, "The Lantern Ferry").await;
    browser.press(Key::Down).await;
    let chosen = "return document.querySelector('[aria-selected=true]')?.id === \
                  document.activeElement.getAttribute('aria-activedescendant')";
    site.until(chosen, "true").await;
    let violations = browser.accessibility_violations().await;
    assert!(violations.is_empty(), "{violations:?}");
    browser.press(Key::Enter).await;
    site.until("return location.pathname", "/movies/the-lantern-ferry")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tab_key_follows_the_order_of_each_page_with_visible_focus() {
    let site = LiveSite::start().await;
    let browser = &site.browser;
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
        site.open(path).await;
        site.wait_until_live().await;
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
