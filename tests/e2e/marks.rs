//! Movies that are marked as seen or to see, in the browser only.

use std::fmt::Write as _;

use e2e::{DEADLINE, wait_until_shows};
use serde_json::{Value, json};
use testkit::browser::{Browser, Key};
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
const ABSENT: &str = "return document.querySelector('[data-absent]').textContent";

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
        let provider = source.url();
        let public_url = format!("http://films.example{prefix}");
        let mut envs = vec![
            ("PYFLIX_PROVIDER_URLS", provider.as_str()),
            ("PYFLIX_SYNC_INTERVAL", "250ms"),
        ];
        if !prefix.is_empty() {
            envs.push(("PYFLIX_PUBLIC_URL", &public_url));
        }
        let pyflix = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
        wait_until_shows(&format!("{}/movies", pyflix.url()), FERRY).await;
        let browser = Browser::start().await;
        browser.set_window(1280, 800).await;
        Self {
            source,
            pyflix,
            browser,
            prefix,
        }
    }

    /// Opens a page anew, even if only the fragment of its address differs.
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
async fn marks_follow_in_another_tab() {
    let site = MarkedSite::start(0).await;
    let client = site.browser.client();
    site.open("/movies#seen").await;
    site.until(STATUS, "Seen: 0 of 4 movies.").await;
    let first = client.window().await.unwrap();
    let second = client.new_window(true).await.unwrap().handle;
    client.switch_to_window(second).await.unwrap();
    site.open("/movies").await;
    site.click(FERRY, "seen").await;
    client.switch_to_window(first).await.unwrap();
    site.until(PRESSED, "Seen: The Lantern Ferry").await;
    site.until(STATUS, "Seen: 1 of 4 movies.").await;
    assert_eq!(site.browser.eval(SHOWN).await, FERRY);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filter_shows_the_marked_movies_of_all_pages_in_the_order_of_the_list() {
    let site = MarkedSite::start(230).await;
    wait_until_shows(&format!("{}/movies?page=3", site.pyflix.url()), "Reel 230").await;
    for (page, titles) in [("1", [FERRY, "Reel 4"]), ("3", ["Reel 204", "Reel 230"])] {
        site.open(&format!("/movies?page={page}")).await;
        for title in titles {
            site.click(title, "seen").await;
        }
    }
    site.open("/movies?page=2#seen").await;
    site.until(STATUS, "Seen: 4 of 234 movies.").await;
    let all = "The Lantern Ferry|Reel 4|Reel 204|Reel 230";
    assert_eq!(site.browser.eval(SHOWN).await, all);

    // The filters and the order of the server stay, and so does this filter in links to them.
    site.open("/movies?sort=-year#seen").await;
    site.until(STATUS, "Seen: 4 of 234 movies.").await;
    let by_year = "Reel 204|The Lantern Ferry|Reel 230|Reel 4";
    assert_eq!(site.browser.eval(SHOWN).await, by_year);
    let submit = "document.querySelector('#year_max').value = '1990';
        document.querySelector('#filters').requestSubmit()";
    site.browser.eval(submit).await;
    let address = "return location.search + location.hash";
    site.until(address, "?sort=-year&year_max=1990#seen").await;
    site.until(STATUS, "Seen: 2 of 143 movies.").await;
    let chip = "document.querySelector('.chips a').click()";
    site.browser.eval(chip).await;
    site.until(address, "?sort=-year#seen").await;
    site.until(STATUS, "Seen: 4 of 234 movies.").await;

    site.filter("not-seen").await;
    site.until(STATUS, "Not seen: 230 of 234 movies.").await;
    site.filter("want-to-see").await;
    site.until(STATUS, "Want to see: 0 of 234 movies.").await;
    site.filter("all").await;
    let count = "return [...document.querySelectorAll('.cards h2')]
        .filter((title) => title.checkVisibility()).length";
    site.until(count, "100").await;
    assert!(site.browser.console_errors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_movie_that_is_marked_leaves_the_filter_and_the_focus_moves_on() {
    let site = MarkedSite::start(0).await;
    site.open("/movies#not-seen").await;
    site.until(STATUS, "Not seen: 4 of 4 movies.").await;
    let focus = format!("{}.focus()", toggle(FERRY, "seen"));
    site.browser.eval(&focus).await;
    for (left, focused) in [
        (3, "Seen: Clockmaker of the Low Sky"),
        (2, "Seen: A Winter for Moths"),
        (1, "Seen: Saltwater Orchard"),
        (0, "Not seen"),
    ] {
        site.browser.press(Key::Enter).await;
        let status = format!("Not seen: {left} of 4 movies.");
        site.until(STATUS, &status).await;
        let name = "return document.activeElement.textContent";
        assert_eq!(site.browser.eval(name).await, focused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_depends_on_the_marks() {
    let site = MarkedSite::start(20).await;
    wait_until_shows(&format!("{}/movies", site.pyflix.url()), "Reel 20").await;
    let mut requests = Vec::new();
    // The first time fills the caches of the browser.
    for marked in [FERRY, FERRY, "Reel 20"] {
        site.open("/movies").await;
        site.browser.eval("localStorage.clear()").await;
        site.open("/movies").await;
        site.browser.requested_urls().await;
        site.click(marked, "seen").await;
        site.filter("seen").await;
        site.until(SHOWN, marked).await;
        site.open_files().await;
        site.export("json").await;
        site.import("a.json", "{\"movies\":[]}").await;
        site.filter("not-seen").await;
        site.until(STATUS, "Not seen: 23 of 24 movies.").await;
        site.open("/movies#seen").await;
        site.until(SHOWN, marked).await;
        let loaded =
            "return [...document.querySelectorAll('.marked img')].every((image) => image.complete)";
        site.until(loaded, "true").await;
        let mut urls = site.browser.requested_urls().await;
        // Export makes a URL of its own, which no server gets.
        urls.retain(|url| url.starts_with("http") && !url.contains("/events?"));
        urls.sort();
        urls.dedup();
        requests.push(urls);
        let cookies = "return document.cookie";
        assert_eq!(site.browser.eval(cookies).await, "");
    }
    assert_eq!(requests[1], requests[2]);
    for url in requests.iter().flatten() {
        assert!(!url.contains("seen") && !url.contains('#'), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_of_several_pages_requests_no_images() {
    let site = MarkedSite::start(150).await;
    wait_until_shows(&format!("{}/movies?page=2", site.pyflix.url()), "Reel 150").await;
    site.open("/movies?page=2").await;
    site.click("Reel 150", "seen").await;
    site.open("/movies?view=list").await;
    site.browser.requested_urls().await;
    site.filter("seen").await;
    site.until(STATUS, "Seen: 1 of 154 movies.").await;
    assert_eq!(site.browser.eval(SHOWN).await, "Reel 150");
    let urls = site.browser.requested_urls().await;
    assert!(urls.iter().any(|url| url.contains("page=2")), "{urls:?}");
    assert!(!urls.iter().any(|url| url.contains("/art/")), "{urls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exported_files_bring_all_marks_back() {
    let site = MarkedSite::start(0).await;
    site.source.rename_film(FERRY_ID, "The \"Lantern\", Ferry");
    let renamed = "The &#34;Lantern&#34;, Ferry";
    wait_until_shows(&format!("{}/movies", site.pyflix.url()), renamed).await;
    site.open("/movies").await;
    site.open_files().await;
    let diary = "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\n\
                 2024-02-03,\"The \"\"Lantern\"\", Ferry\",1991,https://boxd.it/1,4,,,2024-02-01\n\
                 2024-02-04,\"Elsewhere, a Movie\",1999,https://boxd.it/2,5,,\"a, b\",2024-01-02\n";
    let report = site.import("diary.csv", diary).await;
    assert_eq!(
        report,
        "Imported 1 movie of this catalogue. 1 not in this catalogue, kept with your marks."
    );
    site.until(
        ABSENT,
        "Marked, but not in this catalogue: Elsewhere, a Movie (1999).",
    )
    .await;
    site.click(MOTHS, "want").await;
    let all = "The \"Lantern\", Ferry seen 2024-02-01;Elsewhere, a Movie seen 2024-01-02;\
               A Winter for Moths want ;";
    assert_eq!(site.stored().await, all);

    let files = [
        ("pyflix-movies.json", site.export("json").await),
        ("pyflix-seen.csv", site.export("seen").await),
        ("pyflix-watchlist.csv", site.export("want").await),
    ];
    assert_eq!(
        files[1].1,
        "Title,Year,WatchedDate\r\n\"The \"\"Lantern\"\", Ferry\",1991,2024-02-01\r\n\
         \"Elsewhere, a Movie\",1999,2024-01-02\r\n"
    );
    assert_eq!(files[2].1, "Title,Year\r\nA Winter for Moths,2005\r\n");
    for restored in [&files[..1], &files[1..]] {
        let delete = "window.confirm = () => true; document.querySelector('[data-delete]').click()";
        site.browser.eval(delete).await;
        assert_eq!(site.stored().await, "");
        for (name, text) in restored {
            site.import(name, text).await;
        }
        assert_eq!(site.stored().await, all);
    }
    // Importing adds, and takes nothing away.
    site.click(MOTHS, "seen").await;
    site.import(files[2].0, &files[2].1).await;
    let both = all.replace("Moths want", "Moths seen want");
    assert_eq!(site.stored().await, both);
    assert!(site.browser.console_errors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_letterboxd_are_matched_by_folded_title_and_about_the_year() {
    let site = MarkedSite::start(3).await;
    wait_until_shows(&format!("{}/movies", site.pyflix.url()), "Reel 3").await;
    site.open("/movies").await;
    site.open_files().await;
    let watchlist = "\u{feff}Date,Name,Year,Letterboxd URI\r\n\
         2024-02-03,the LÄNTERN ferry!,1991,https://boxd.it/1\r\n\
         2024-02-03,灯籠の渡し船,1991,https://boxd.it/1\r\n\
         2024-02-03,A Winter for Moths,2004,https://boxd.it/2\r\n\
         2024-02-03,Clockmaker of the Low Sky,1958,https://boxd.it/3\r\n\
         2024-02-03,Reel 3,,https://boxd.it/4\r\n\
         2024-02-03,,1990,https://boxd.it/5";
    let report = site.import("watchlist-2024.csv", watchlist).await;
    assert_eq!(
        report,
        "Imported 3 movies of this catalogue. 1 not in this catalogue, kept with your marks. \
         1 without a title or a mark, skipped."
    );
    assert_eq!(
        site.stored().await,
        "The Lantern Ferry want ;A Winter for Moths want ;Clockmaker of the Low Sky want ;\
         Reel 3 want ;"
    );
    site.until(
        ABSENT,
        "Marked, but not in this catalogue: Clockmaker of the Low Sky (1958).",
    )
    .await;
    for (name, text) in [
        ("a.csv", "Position,Director\n1,Nobody\n"),
        ("a.json", "{\"movies\": 1}"),
        ("a.json", "{\"movies\": ["),
        ("a.txt", ""),
    ] {
        let report = site.import(name, text).await;
        assert!(
            report.contains("neither JSON from PyFlix nor CSV"),
            "{report}"
        );
    }
    let odd = json!({ "movies": [
        null, 7, { "title": 7, "seen": true }, { "title": "A" },
        { "id": "__proto__", "title": "P", "seen": true },
    ] });
    let report = site.import("a.json", &odd.to_string()).await;
    assert!(
        report.ends_with("4 without a title or a mark, skipped."),
        "{report}"
    );
    assert!(site.stored().await.ends_with("Reel 3 want ;P seen ;"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_movie_gets_its_mark_when_it_comes_into_the_catalogue() {
    let site = MarkedSite::start(0).await;
    site.open("/movies").await;
    site.open_files().await;
    site.import("a.csv", "Title,Year\nReel 7,1957\n").await;
    assert_eq!(site.browser.eval(PRESSED).await, "");
    site.source.add_film(film(7));
    site.until(PRESSED, "Seen: Reel 7").await;
    site.click("Reel 7", "want").await;
    assert_eq!(site.stored().await, "Reel 7 seen want ;");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marked_movie_that_vanishes_keeps_its_mark() {
    let site = MarkedSite::start(1).await;
    wait_until_shows(&format!("{}/movies", site.pyflix.url()), "Reel 1").await;
    site.open("/movies").await;
    site.click("Reel 1", "seen").await;
    site.source.remove_film(film(1)["id"].as_str().unwrap());
    let shown = "return document.querySelectorAll('.card').length";
    site.until(shown, "4").await;
    site.click(FERRY, "seen").await;
    site.open_files().await;
    site.until(ABSENT, "Marked, but not in this catalogue: Reel 1 (1951).")
        .await;
    site.source.add_film(film(1));
    site.until(PRESSED, "Seen: The Lantern Ferry|Seen: Reel 1")
        .await;
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
