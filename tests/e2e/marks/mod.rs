//! Movies that are marked as seen or to see, in the browser only.

mod files;
mod filter;

use std::fmt::Write as _;

use e2e::{DEADLINE, start_mirror, wait_until_shows};
use serde_json::{Value, json};
use testkit::browser::Browser;
use testkit::process::Service;
use testkit::source::{Source, film};

const FERRY: &str = "The Lantern Ferry";
const FERRY_ID: &str = "1069e34e-1a3c-5974-92de-c50d42a7b39a";
const MOTHS: &str = "A Winter for Moths";

/// The titles of the movies that are shown in the list.
const SHOWN: &str = "return [...document.querySelectorAll('.cards h2')]
    .filter((title) => title.checkVisibility()).map((title) => title.textContent).join('|')";
/// The texts of all pressed toggles.
const PRESSED: &str = "return [...document.querySelectorAll('.marks [aria-pressed=true]')]
    .filter((button) => button.checkVisibility()).map((button) => button.textContent).join('|')";
const STATUS: &str = "return document.querySelector('.marked [role=status]')?.textContent ?? ''";
/// Whether the message says that marks are not stored.
const IS_UNSTORED: &str = "return document.querySelector('.live > p:not(.visually-hidden)') \
     ?.textContent.startsWith('Not saved: ') ?? false";
const REPORT: &str = "return document.querySelector('[data-report]').textContent";

struct MarkedSite {
    source: Source,
    pyflix: Service,
    browser: Browser,
    /// The path of the site.
    prefix: &'static str,
}

impl MarkedSite {
    /// A site with the invented movies and some more.
    async fn start(more: u32) -> Self {
        Self::start_below("", more).await
    }

    async fn start_below(prefix: &'static str, more: u32) -> Self {
        let source = Source::start().await;
        source.edit(|catalogue| catalogue.films.extend((1..=more).map(film)));
        let public_url = format!("http://films.example{prefix}");
        let mut settings = Vec::new();
        if !prefix.is_empty() {
            settings.push(("PYFLIX_PUBLIC_URL", public_url.as_str()));
        }
        let pyflix = start_mirror(&source, &settings).await;
        let browser = Browser::start_with_window(1280, 800).await;
        Self {
            source,
            pyflix,
            browser,
            prefix,
        }
    }

    /// Loads a page again, even if only the fragment of its address differs.
    async fn open(&self, path: &str) {
        self.browser.open("about:blank").await;
        let url = format!("{}{}{path}", self.pyflix.url(), self.prefix);
        self.browser.open(&url).await;
    }

    async fn until(&self, script: &str, expected: &str) {
        self.browser
            .wait_for_value(script, expected, DEADLINE)
            .await;
    }

    /// Clicks a toggle of a movie in the list.
    async fn click(&self, title: &str, mark: &str) {
        let click = format!("{}.click(); return 'clicked'", toggle(title, mark));
        assert_eq!(self.browser.eval(&click).await, "clicked");
    }

    /// Clicks a link of the filter.
    async fn filter(&self, fragment: &str) {
        let link =
            format!("document.querySelector('.mark-filter a[href=\"#{fragment}\"]').click()");
        self.browser.eval(&link).await;
    }

    /// Opens the part for export and import.
    async fn open_files(&self) {
        let open = "document.querySelector('.mark-files').open = true";
        self.browser.eval(open).await;
        let form = "return document.querySelector('.mark-files form') !== null";
        self.until(form, "true").await;
    }

    /// The text of a file that a button exports.
    async fn export(&self, format: &str) -> String {
        let script = format!(
            "const made = URL.createObjectURL;
             let file;
             URL.createObjectURL = (blob) => made(file = blob);
             document.querySelector('[data-export={format}]').click();
             URL.createObjectURL = made;
             return await file.text()"
        );
        self.browser.eval(&script).await
    }

    /// Imports a file, and returns the report.
    async fn import(&self, name: &str, text: &str) -> String {
        let (name, text) = (json!(name), json!(text));
        let script = format!(
            "document.querySelector('[data-report]').textContent = '';
             const input = document.querySelector('#marks-file');
             const files = new DataTransfer();
             files.items.add(new File([{text}], {name}));
             input.files = files.files;
             input.dispatchEvent(new Event('change'));
             input.form.requestSubmit()"
        );
        self.browser.eval(&script).await;
        self.until(&format!("{REPORT} !== ''"), "true").await;
        self.browser.eval(REPORT).await
    }

    /// The stored marks as text, each movie with its marks.
    async fn stored(&self) -> String {
        let key = format!("return localStorage.getItem('pyflix-marks{}')", self.prefix);
        let stored: Value = serde_json::from_str(&self.browser.eval(&key).await).unwrap();
        let mut text = String::new();
        for movie in stored["movies"].as_array().unwrap() {
            let _ = write!(text, "{}", movie["title"].as_str().unwrap());
            for mark in ["seen", "want"] {
                if movie[mark] == true {
                    let _ = write!(text, " {mark}");
                }
            }
            let _ = write!(text, " {};", movie["watched"].as_str().unwrap_or_default());
        }
        text
    }
}

/// A toggle of a movie that is shown in the list, as a script.
fn toggle(title: &str, mark: &str) -> String {
    format!(
        "[...document.querySelectorAll('.card')]
             .find((card) => card.checkVisibility() && card.querySelector('h2').textContent === {})
             .querySelector('[data-mark={mark}]')",
        json!(title)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_persists_over_a_reload_and_is_on_the_page_of_the_movie() {
    let site = MarkedSite::start(0).await;
    site.open("/movies").await;
    assert_eq!(site.browser.eval(PRESSED).await, "");
    site.click(FERRY, "want").await;
    assert_eq!(
        site.browser.eval(PRESSED).await,
        "Want to see: The Lantern Ferry"
    );

    site.open("/movies").await;
    site.until(PRESSED, "Want to see: The Lantern Ferry").await;
    site.open("/movies/the-lantern-ferry").await;
    site.until(PRESSED, "Want to see: The Lantern Ferry").await;
    // A movie that was seen is no longer one to see.
    let click = "document.querySelector('.item [data-mark=seen]').click()";
    site.browser.eval(click).await;
    assert_eq!(site.browser.eval(PRESSED).await, "Seen: The Lantern Ferry");
    assert_eq!(site.stored().await, "The Lantern Ferry seen ;");

    site.open("/movies").await;
    site.until(PRESSED, "Seen: The Lantern Ferry").await;
    site.click(FERRY, "seen").await;
    assert_eq!(site.browser.eval(PRESSED).await, "");
    assert_eq!(site.stored().await, "");
    assert!(site.browser.console_errors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_refresh_keeps_marks_filter_and_focus() {
    let site = MarkedSite::start(0).await;
    site.open("/movies").await;
    site.click(FERRY, "seen").await;
    site.click(MOTHS, "seen").await;
    let focus = format!(
        "window.focused = {}; window.focused.focus()",
        toggle(FERRY, "seen")
    );
    site.browser.eval(&focus).await;
    site.source.rename_film(FERRY_ID, "The Paper Ferry");
    site.until(PRESSED, "Seen: The Paper Ferry|Seen: A Winter for Moths")
        .await;
    let same = "return document.activeElement === window.focused && window.focused.isConnected";
    assert_eq!(site.browser.eval(same).await, "true");

    site.filter("seen").await;
    site.until(SHOWN, "The Paper Ferry|A Winter for Moths")
        .await;
    site.source.rename_film(FERRY_ID, "The Glass Ferry");
    site.until(SHOWN, "The Glass Ferry|A Winter for Moths")
        .await;
    site.until(STATUS, "Seen: 2 of 4 movies.").await;
    let parts = "return ['.mark-filter', '.marked', '.mark-files'] \
        .map((name) => document.querySelectorAll(name).length).join()";
    assert_eq!(site.browser.eval(parts).await, "1,1,1");

    site.open("/movies/the-lantern-ferry").await;
    site.until(PRESSED, "Seen: The Glass Ferry").await;
    site.source.rename_film(FERRY_ID, "The Iron Ferry");
    site.until(PRESSED, "Seen: The Iron Ferry").await;
    assert!(site.browser.console_errors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_that_is_full_is_reported_and_marks_last_as_long_as_the_page() {
    let site = MarkedSite::start(0).await;
    site.open("/movies").await;
    let fill = "for (let size = 2 ** 22; size; size >>= 1) {
            try {
                localStorage.setItem('filler', (localStorage.getItem('filler') ?? '') + 'x'.repeat(size));
            } catch {}
        }
        return localStorage.getItem('filler').length > 4_000_000";
    assert_eq!(site.browser.eval(fill).await, "true");
    site.click(FERRY, "seen").await;
    site.until(IS_UNSTORED, "true").await;
    assert_eq!(site.browser.eval(PRESSED).await, "Seen: The Lantern Ferry");
    // Once there is room, everything is stored.
    site.browser.eval("localStorage.removeItem('filler')").await;
    site.click(MOTHS, "want").await;
    assert_eq!(
        site.stored().await,
        "The Lantern Ferry seen ;A Winter for Moths want ;"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_that_is_forbidden_is_reported() {
    let site = MarkedSite::start(0).await;
    let forbidden = "Object.defineProperty(window, 'localStorage', \
        { get() { throw new DOMException('forbidden', 'SecurityError'); } });";
    let method = "Page.addScriptToEvaluateOnNewDocument";
    site.browser
        .devtools(method, json!({ "source": forbidden }))
        .await;
    site.open("/movies").await;
    site.click(FERRY, "seen").await;
    site.until(IS_UNSTORED, "true").await;
    site.filter("seen").await;
    site.until(SHOWN, FERRY).await;
    assert!(site.browser.console_errors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn below_a_path_marks_are_stored_under_that_path() {
    let site = MarkedSite::start_below("/pyflix", 0).await;
    site.open("/movies").await;
    site.click(FERRY, "seen").await;
    assert_eq!(site.stored().await, "The Lantern Ferry seen ;");
    site.filter("seen").await;
    site.until(SHOWN, FERRY).await;
    let links =
        "return [...document.querySelectorAll('.switch a')].map((link) => link.hash).join()";
    assert_eq!(site.browser.eval(links).await, "#seen,#seen");
    site.open_files().await;
    let report = site
        .import("a.csv", "Title,Year\nA Winter for Moths,2005\n")
        .await;
    assert_eq!(report, "Imported 1 movie of this catalogue.");
    assert!(site.browser.console_errors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_nothing_about_marks_is_shown() {
    let site = MarkedSite::start(0).await;
    site.browser.set_scripts(false).await;
    for path in ["/movies", "/movies#seen", "/movies/the-lantern-ferry"] {
        site.open(path).await;
        let page = site.browser.client().source().await.unwrap();
        assert!(page.contains(FERRY), "{path}");
        for text in ["Want to see", "aria-pressed", "mark-filter", "Export"] {
            assert!(!page.contains(text), "{path}: {text}");
        }
    }
}
