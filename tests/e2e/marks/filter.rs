//! The filters of the list by marks.

use testkit::browser::Key;

use super::*;

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
    let site = MarkedSite::start(90).await;
    let movies = format!("{}/movies", site.pyflix.url());
    wait_until_shows(&movies, "Reel 90").await;
    let mut requests = Vec::new();
    // The first time fills the caches of the browser.
    for marked in ["Reel 80", "Reel 80", "Reel 90"] {
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
        site.until(STATUS, "Not seen: 93 of 94 movies.").await;
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
async fn a_filter_of_several_pages_has_no_images() {
    let site = MarkedSite::start(150).await;
    let last = format!("{}/movies?page=2", site.pyflix.url());
    wait_until_shows(&last, "Reel 150").await;
    site.open("/movies?view=list").await;
    // Its image is far below the others of this page.
    site.click("Reel 90", "seen").await;
    site.open("/movies").await;
    site.browser.requested_urls().await;
    site.filter("seen").await;
    site.until(STATUS, "Seen: 1 of 154 movies.").await;
    assert_eq!(site.browser.eval(SHOWN).await, "Reel 90");
    let images = "return document.querySelectorAll('.marked img').length";
    assert_eq!(site.browser.eval(images).await, "0");
    let urls = site.browser.requested_urls().await;
    assert!(urls.iter().any(|url| url.contains("page=2")), "{urls:?}");
    let film = film(90);
    let image = format!("/art/movies/{}.svg", film["id"].as_str().unwrap());
    assert!(!urls.iter().any(|url| url.contains(&image)), "{urls:?}");
}
