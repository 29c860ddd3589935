//! Directors, producers, the timeline, and the way from movie to movie.

use common::models::{Change, Kind};

use super::*;
use crate::fixture;

#[tokio::test]
async fn movies_link_to_their_directors_and_producers_and_those_back() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let turtle = pages.read("/movies/the-red-turtle").await;
    for filmmaker in [
        "/directors/michael-dudok-de-wit",
        "/producers/toshio-suzuki",
        "/producers/gregoire-sorlat",
    ] {
        let link = format!("href=\"{filmmaker}\"");
        assert!(turtle.contains(&link), "{filmmaker}");
        let page = pages.read(filmmaker).await;
        assert!(
            page.contains("href=\"/movies/the-red-turtle\""),
            "{filmmaker}"
        );
    }
    let cards = pages.read("/movies").await;
    assert!(cards.contains("href=\"/directors/michael-dudok-de-wit\""));
}

#[tokio::test]
async fn a_director_has_a_filmography_by_year_scores_and_collaborators() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/directors/isao-takahata").await;
    let places: Vec<_> = ["Grave of the Fireflies", "Pom Poko", "Princess Kaguya"]
        .into_iter()
        .map(|title| page.find(&format!("{title}</a>")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{page}");
    assert!(page.contains("<p class=\"note\">1988 · 97%</p>"));
    assert!(page.contains("<dd>1988 to 2013</dd>"));
    assert!(
        page.contains("<dd>90%</dd>"),
        "the average of 97, 100, 78, 75 and 100"
    );
    assert!(
        page.contains("href=\"/producers/isao-takahata\""),
        "he also produced"
    );
    assert!(page.contains("href=\"/producers/toshio-suzuki\""));
    assert!(
        !page.contains("href=\"/directors/isao-takahata\">Isao"),
        "not his own collaborator"
    );
    let (status, _, page) = pages.get("/directors/nobody").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(page.contains("<a href=\"/directors\">All directors</a>"));
}

#[tokio::test]
async fn directors_come_in_pages_with_the_most_productive_first() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/directors").await;
    let [first, second] = ["hayao-miyazaki", "isao-takahata"]
        .map(|slug| page.find(&format!("href=\"/directors/{slug}\"")).unwrap());
    assert!(first < second);
    let movies = (0..150).map(|n| {
        let facts = Movie {
            director: Some(format!("Director {n}")),
            ..Movie::default()
        };
        movie(n, "T", facts)
    });
    let pages = Pages::of(movies.collect());
    let second = pages.read("/directors?page=2").await;
    assert_eq!(second.matches("<h2>").count(), 50);
    assert!(second.contains("rel=\"prev\" href=\"/directors\""));
    assert_eq!(
        pages.get("/directors?page=3").await.0,
        StatusCode::NOT_FOUND
    );
    let empty = Pages::of(Catalogue::default()).read("/producers").await;
    assert!(empty.contains("No movie in the catalogue names a producer."));
}

#[tokio::test]
async fn search_and_suggestions_offer_directors() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for typed in ["miyazaki", "miyasaki"] {
        let page = pages.read(&format!("/search?q={typed}")).await;
        assert!(
            page.contains("href=\"/directors/hayao-miyazaki\""),
            "{typed}"
        );
        assert!(
            page.contains("href=\"/producers/hayao-miyazaki\""),
            "{typed}"
        );
    }
    let suggestions = pages.read("/search/suggest?q=miyazaki").await;
    let suggestions: Vec<serde_json::Value> = serde_json::from_str(&suggestions).unwrap();
    assert_eq!(suggestions.len(), 8);
    assert_eq!(suggestions[0]["name"], "Hayao Miyazaki");
    assert_eq!(suggestions[0]["kind"], "director");
    assert_eq!(suggestions[0]["href"], "/directors/hayao-miyazaki");
    let suggestions = pages.read("/search/suggest?q=mi").await;
    assert!(suggestions.contains("Whisper of the Heart · Mimi wo sumaseba"));
    assert!(suggestions.contains("/directors/hayao-miyazaki"));
}

#[tokio::test]
async fn a_misspelt_search_says_what_its_results_are_for() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/search?q=chihro").await;
    assert!(page.contains("Showing results for <a href=\"/search?q=chihiro\"><strong>chihiro"));
}

#[tokio::test]
async fn the_timeline_has_every_movie_by_year_and_decade_and_unknown_years_last() {
    let catalogue: Catalogue = [
        dated(1, "Undated", None),
        dated(2, "Late", Some(2001)),
        dated(3, "Early", Some(1988)),
        dated(4, "Same Year", Some(1988)),
        dated(5, "Same Decade", Some(1980)),
    ]
    .into_iter()
    .collect();
    let page = Pages::of(catalogue).read("/timeline").await;
    let order = [
        "id=\"1980s\"",
        "Same Decade</a>",
        "Early</a>",
        "Same Year</a>",
        "id=\"2000s\"",
        "Late</a>",
        "id=\"undated\"",
        "Undated</a>",
    ];
    let places: Vec<_> = order.map(|text| page.find(text).unwrap()).into();
    assert!(places.is_sorted(), "{page}");
    assert!(page.contains("5 movies, 1980 to 2001."));
    assert!(page.contains("<a href=\"#1980s\">1980s</a>"));
    assert!(page.contains("href=\"/movies?year_min=1980&#38;year_max=1989\""));
    assert!(page.contains("href=\"/movies?year_min=1988&#38;year_max=1988\""));
    let movies = Pages::of(seed::snapshot().catalogue).read("/movies").await;
    assert!(movies.contains("href=\"/timeline\""));
}

#[tokio::test]
async fn a_year_with_very_many_movies_links_to_the_rest() {
    let facts = Movie {
        release_year: Some(1999),
        ..Movie::default()
    };
    let movies = (0..90).map(|n| movie(n, "T", facts.clone()));
    let page = Pages::of(movies.collect()).read("/timeline").await;
    assert_eq!(items(&page), 60);
    assert!(page.contains("rel=\"nofollow\">Show all 90 movies</a>"));
}

#[tokio::test]
async fn the_next_movie_is_the_next_by_year() {
    let catalogue: Catalogue = [
        dated(1, "Last", Some(2001)),
        dated(2, "First", Some(1988)),
        dated(3, "Middle", Some(1995)),
    ]
    .into_iter()
    .collect();
    let page = Pages::of(catalogue).read("/movies/3").await;
    assert!(page.contains("<a rel=\"prev\" href=\"/movies/slug-2\">"));
    assert!(page.contains("<a rel=\"next\" href=\"/movies/slug-1\">"));
}

#[tokio::test]
async fn a_movie_page_links_to_other_sites_and_to_its_records() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/movies/ponyo").await;
    for site in [
        "letterboxd.com",
        "en.wikipedia.org",
        "www.justwatch.com",
        "www.themoviedb.org",
    ] {
        assert!(page.contains(&format!("href=\"https://{site}/")), "{site}");
    }
    assert!(page.contains(">JSON</a>") && page.contains(">Source record</a>"));
    assert!(!pages.read("/people/haku").await.contains("letterboxd.com"));
}

#[tokio::test]
async fn the_home_page_says_in_sentences_what_changed() {
    let removed = Change {
        before: fixture::added("a", "Old").after,
        after: None,
        ..fixture::added("a", "Old")
    };
    let versions = [
        vec![fixture::added("b", "New")],
        vec![
            removed,
            fixture::added("c", "One"),
            fixture::added("d", "Two"),
        ],
    ];
    let pages = Pages::of_site(fixture::site("l", 1, versions));
    let home = pages.read("/").await;
    for text in [
        "<li>The movie “New” was added. <span",
        "<li>The movie “Old” was removed. The movie “One” was added. <span",
        "Version 3</a> with 1 more change,",
        "<li>Initial import. <span",
    ] {
        assert!(home.contains(text), "{text}: {home}");
    }
}

#[tokio::test]
async fn the_home_page_has_a_movie_and_a_director_of_the_day() {
    let home = Pages::of(seed::snapshot().catalogue).read("/").await;
    assert!(home.contains("Movie of the day"));
    assert!(home.contains("<a href=\"/directors/hayao-miyazaki\">By Hayao Miyazaki</a></h2>"));
    let empty = Pages::of(Catalogue::default()).read("/").await;
    assert!(!empty.contains("Movie of the day"));
}

#[tokio::test]
async fn the_empty_search_page_offers_texts_that_find_something() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/search").await;
    let main = page.split("id=\"examples\"").nth(1).unwrap();
    let links: Vec<_> = main.split("<a href=\"/search?q=").skip(1).collect();
    assert!(links.len() >= 6, "{page}");
    for link in links {
        let query = link.split('"').next().unwrap();
        let found = pages.read(&format!("/search?q={query}")).await;
        assert!(!found.contains("No results"), "{query}");
    }
}

#[tokio::test]
async fn the_only_movie_of_an_item_has_its_synopsis_beside_it() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/people/haku").await;
    let movie = pages.catalogue.find(Kind::Movie, "spirited-away");
    let Facts::Movie(movie) = &movie.unwrap().facts else {
        panic!("a movie");
    };
    let synopsis = movie.description.as_deref().unwrap();
    assert!(page.contains(&format!("<p>{}", &synopsis[..40])), "{page}");
}

#[tokio::test]
async fn updates_that_follow_from_a_removed_item_are_folded() {
    let yakul = fixture::item("p", Facts::Person(Person::default()));
    let movie = |title: &str, people: &[&str]| {
        let facts = Movie {
            title: title.into(),
            people: people.iter().map(|id| (*id).into()).collect(),
            ..Movie::default()
        };
        Some(fixture::item(title, Facts::Movie(facts)))
    };
    let update = |before: Option<Arc<Item>>, after: Option<Arc<Item>>| Change {
        kind: Kind::Movie,
        id: before.as_ref().unwrap().id.clone(),
        before,
        after,
    };
    let removal = Change {
        kind: Kind::Person,
        id: "p".into(),
        before: Some(yakul),
        after: None,
    };
    let renamed = Some(fixture::movie("Other", "Renamed"));
    let changes = vec![
        update(movie("Only", &["p", "q"]), movie("Only", &["q"])),
        update(movie("Other", &["p"]), renamed),
        removal,
    ];
    let pages = Pages::of_site(fixture::site("l", 1, [changes]));
    let page = pages.read("/changes/2").await;
    let fold = page.find("1 updated only because of items").unwrap();
    let place = |text: &str| page.find(text).unwrap();
    assert!(
        place("<h3>Renamed ") < fold && fold < place("<h3>Only "),
        "{page}"
    );
    let list = pages.read("/changes").await;
    let heading = list.split("<h2>").nth(1).unwrap();
    let heading = heading.split("</h2>").next().unwrap();
    let removed = heading.find("removed</span>").unwrap();
    assert!(removed < heading.find("Renamed").unwrap(), "{heading}");
}

fn dated(id: i64, title: &str, year: Option<u16>) -> Arc<Item> {
    let facts = Movie {
        release_year: year,
        ..Movie::default()
    };
    movie(id, title, facts)
}
