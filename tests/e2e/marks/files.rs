//! Export and import of marks, and marked movies that are not in the catalogue.

use super::*;

const ABSENT: &str = "return document.querySelector('[data-absent]').textContent";

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
