//! Lists: filters, sort orders, counts and paging.

use super::*;

#[tokio::test]
async fn the_movies_of_one_director_are_listed_newest_first() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages
        .read("/movies?director=isao+takahata&sort=-year")
        .await;
    let titles = titles(&page);
    assert_eq!(
        titles.first().map(String::as_str),
        Some("The Tale of the Princess Kaguya")
    );
    assert_eq!(
        titles.last().map(String::as_str),
        Some("Grave of the Fireflies")
    );
    assert!(page.contains("<h1>Movies directed by Isao Takahata</h1>"));
    for (chip, without) in [
        ("Director: Isao Takahata", "/movies?sort=-year"),
        (
            "Sorted by year, newest first",
            "/movies?director=isao+takahata",
        ),
    ] {
        let link =
            format!("<a href=\"{without}\"><span class=\"visually-hidden\">Remove: </span>{chip}");
        assert!(page.contains(&link), "{link}");
    }
}

#[tokio::test]
async fn the_count_of_a_filter_value_is_the_number_of_its_items() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for list in [
        "/movies?year_min=1990",
        "/people?gender=Female",
        "/locations",
    ] {
        let page = pages.read(list).await;
        let options = filter_options(&page);
        assert!(!options.is_empty(), "{list}");
        for (name, value, count) in options {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair(&name, &value);
            let separator = if list.contains('?') { '&' } else { '?' };
            let is_set = list.split(['?', '&', '=']).any(|word| word == name);
            if is_set {
                continue;
            }
            let narrowed = pages
                .read(&format!("{list}{separator}{}", query.finish()))
                .await;
            assert_eq!(items(&narrowed), count, "{list} {name} {value}");
        }
    }
}

#[tokio::test]
async fn movies_list_all_characters_humans_first_and_only_humans_on_request() {
    let species = |id: &str, name: &str| {
        let facts = common::models::Species {
            name: name.into(),
            ..Default::default()
        };
        item(id, Facts::Species(facts))
    };
    let person = |id: &str, name: &str, species: &str| {
        let facts = Person {
            name: name.into(),
            species: Some(species.into()),
            ..Person::default()
        };
        item(id, Facts::Person(facts))
    };
    let with_people = |id, people: &[&str]| {
        let facts = Movie {
            people: people.iter().map(|id| (*id).into()).collect(),
            ..Movie::default()
        };
        movie(id, "T", facts)
    };
    let catalogue: Catalogue = [
        species("11", "Human"),
        species("12", "Spirit"),
        person("21", "Ghost", "12"),
        person("22", "Ann", "11"),
        with_people(1, &["21", "22"]),
        with_people(2, &["21"]),
    ]
    .into_iter()
    .collect();
    let pages = Pages::of(catalogue);
    for path in ["/movies", "/movies?people=all"] {
        let all = pages.read(path).await;
        assert!(
            all.contains(
                "<p class=\"people\"><a href=\"/people/slug-22\">Ann</a>, \
                 <a href=\"/people/slug-21\">Ghost</a></p>"
            ),
            "{path}: {all}"
        );
    }
    let humans = pages.read("/movies?people=human").await;
    assert!(humans.contains("<p class=\"people\"><a href=\"/people/slug-22\">Ann</a></p>"));
    assert!(humans.contains("No human characters listed"));
    let chip =
        "<a href=\"/movies\"><span class=\"visually-hidden\">Remove: </span>Human characters only";
    assert!(humans.contains(chip));
}

#[tokio::test]
async fn a_card_names_a_few_of_many_characters_and_a_row_all() {
    let people = |count: i64| -> Vec<Arc<Item>> {
        let person = |n: i64| {
            let facts = Person {
                name: format!("Person {n}"),
                ..Person::default()
            };
            item(&(100 + n).to_string(), Facts::Person(facts))
        };
        (0..count).map(person).collect()
    };
    for (count, in_grid) in [(4, 4), (5, 5), (6, 4)] {
        let people = people(count);
        let facts = Movie {
            people: people.iter().map(|person| person.id.clone()).collect(),
            ..Movie::default()
        };
        let all = std::iter::once(movie(1, "T", facts)).chain(people);
        let pages = Pages::of(all.collect());
        let grid = pages.read("/movies").await;
        assert_eq!(grid.matches("href=\"/people/slug-").count(), in_grid);
        assert_eq!(grid.contains(" and 2 more"), count == 6);
        let rows = pages.read("/movies?view=list").await;
        let named = rows.matches("href=\"/people/slug-").count();
        assert_eq!(i64::try_from(named).unwrap(), count);
    }
}

#[tokio::test]
async fn a_character_in_the_list_is_shown_with_its_movie() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/people").await;
    assert!(page.contains("<p class=\"note\">Human · My Neighbor Totoro</p>"));
}

#[tokio::test]
async fn a_filtered_list_says_so_in_its_heading() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for (path, heading) in [
        (
            "/movies?producer=toshio+suzuki&year_min=1990&year_max=1999",
            "Movies produced by Toshio Suzuki of the 1990s",
        ),
        ("/movies?year_min=1988&year_max=1988", "Movies of 1988"),
        (
            "/movies?year_min=1990&year_max=1998",
            "Movies from 1990 to 1998",
        ),
        ("/movies?year_max=1999", "Movies up to 1999"),
        ("/movies?person=totoro&sort=title", "Movies with Totoro"),
        ("/movies?location=irontown", "Movies set in Irontown"),
        (
            "/people?species=human&eye_color=brown",
            "Characters of species Human with Brown eyes",
        ),
        (
            "/vehicles?vehicle_class=airship",
            "Vehicles of type Airship",
        ),
        (
            "/movies?director=Nobody+%3Cb%3E",
            "Movies directed by Nobody &#60;b&#62;",
        ),
        ("/movies?view=list", "Movies"),
    ] {
        let page = pages.read(path).await;
        let h1 = page
            .split("<h1")
            .nth(1)
            .and_then(|rest| rest.split(['>', '<']).nth(1))
            .unwrap();
        assert_eq!(h1, heading, "{path}");
    }
}

#[tokio::test]
async fn a_list_without_results_says_what_to_do() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for list in [
        "/movies?director=Nobody",
        "/movies?person=nobody",
        "/people?species=none",
    ] {
        let page = pages.read(list).await;
        assert_eq!(items(&page), 0, "{list}");
        assert!(page.contains("No results match these filters."), "{list}");
        assert!(!page.contains("Surprise me"), "{list}");
    }
    let page = Pages::of(Catalogue::default()).read("/vehicles").await;
    assert!(!page.contains("filters") && !page.contains("toolbar"));
    assert!(page.contains("The catalogue has no vehicles."));
}

#[tokio::test]
async fn blank_parameters_are_removed_by_a_redirect() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for (path, tidy) in [
        (
            "/movies?director=&sort=-year&year_min=",
            "/movies?sort=-year",
        ),
        ("/people?species=&gender=", "/people"),
    ] {
        let (status, headers, _) = pages.get(path).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(headers["location"], tidy);
    }
}

#[tokio::test]
async fn invalid_values_are_a_400_and_unknown_parameters_are_ignored() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for path in [
        "/movies?sort=best",
        "/movies?page=x",
        "/people?sort=-age",
        "/movies?year_max=-1",
    ] {
        let (status, _, page) = pages.get(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(page.contains(" must be "), "{page}");
    }
    for path in [
        "/movies?ref=x&ref=y",
        "/people?view=list",
        "/species?q=%FF",
        "/?_=1",
        "/movies?_=1",
        "/search?q=totoro&_=1",
        "/search/suggest?q=totoro&_=1",
        "/changes?_=1",
        "/status?_=1",
        "/about?_=1",
        "/feed.atom?_=1",
    ] {
        assert_eq!(pages.get(path).await.0, StatusCode::OK, "{path}");
    }
    for path in [
        "/movies?page=2",
        "/people/nobody",
        "/art/movies/x.svg",
        "/art/films/x.svg",
    ] {
        assert_eq!(pages.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn crawlers_are_kept_off_the_endless_views_of_the_same_data() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for (path, is_indexed) in [
        ("/", true),
        ("/movies", true),
        ("/people?_=1", true),
        ("/changes", true),
        ("/search?q=totoro", false),
        ("/search", false),
        ("/movies?sort=-year", false),
        ("/movies?director=Hayao+Miyazaki", false),
        ("/movies?people=human", false),
        ("/directors", true),
        ("/producers/toshio-suzuki", true),
        ("/timeline", true),
        ("/movies?view=list", false),
        ("/people?species=human", false),
        ("/changes?from=1&to=2", false),
    ] {
        let page = pages.read(path).await;
        let says_no = page.contains("<meta name=\"robots\" content=\"noindex, nofollow\">");
        assert_eq!(says_no, !is_indexed, "{path}");
    }
    let (_, headers, _) = pages.get("/movies/random").await;
    assert_eq!(headers["x-robots-tag"], "noindex, nofollow");
    let (status, headers, robots) = pages.get("/robots.txt").await;
    assert_eq!(
        (status, &headers["content-type"]),
        (
            StatusCode::OK,
            &"text/plain; charset=utf-8".parse().unwrap()
        )
    );
    for path in [
        "/search",
        "/movies/random",
        "/changes?from=",
        "/movies?",
        "/versions/",
        "/*?version=",
        "/*&version=",
    ] {
        assert!(
            robots.contains(&format!("\nDisallow: {path}\n")),
            "{robots}"
        );
    }
}

#[tokio::test]
async fn a_random_movie_matches_the_filters_and_is_not_cached() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for _ in 0..5 {
        let (status, headers, _) = pages.get("/movies/random?director=Hayao+Miyazaki").await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert_eq!(headers["cache-control"], "no-store");
        let page = pages.read(headers["location"].to_str().unwrap()).await;
        assert!(page.contains("Hayao Miyazaki"));
    }
    let (_, headers, _) = pages.get("/movies/random?director=Nobody").await;
    assert_eq!(headers["location"], "/movies?director=Nobody");
}

#[tokio::test]
async fn a_page_of_a_list_has_a_hundred_items() {
    let catalogue: Catalogue = (0..250).map(|n| movie(n, "T", Movie::default())).collect();
    let pages = Pages::of(catalogue);
    let (first, last) = (
        pages.read("/movies").await,
        pages.read("/movies?page=3").await,
    );
    assert_eq!((items(&first), items(&last)), (100, 50));
    assert!(first.contains("rel=\"next\" href=\"/movies?page=2\""));
    assert!(
        last.contains("rel=\"prev\" href=\"/movies?page=2\"") && !last.contains("rel=\"next\"")
    );
}
