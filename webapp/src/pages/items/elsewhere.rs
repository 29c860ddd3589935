//! Links to a movie on other sites, from its title and year. A page requests nothing from them.

use common::models::Movie;
use form_urlencoded::Serializer;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A link to another site.
pub(super) struct ExternalLink {
    pub(super) site: &'static str,
    pub(super) url: String,
}

/// Searches for a movie on other sites.
pub(super) fn external_links(movie: &Movie) -> [ExternalLink; 4] {
    let year = movie.release_year.map(|year| year.to_string());
    let with_year = |before: &str| match &year {
        Some(year) => format!("{} {before}{year}", movie.title),
        None => movie.title.clone(),
    };
    let search = |base: &str, name: &str, text: &str| {
        let mut query = Serializer::new(String::new());
        query.append_pair(name, text);
        format!("{base}?{}", query.finish())
    };
    let letterboxd = with_year("");
    let letterboxd = utf8_percent_encode(&letterboxd, NON_ALPHANUMERIC);
    let wikipedia = format!("{} film", with_year(""));
    [
        (
            "Letterboxd",
            format!("https://letterboxd.com/search/films/{letterboxd}/"),
        ),
        (
            "Wikipedia",
            search(
                "https://en.wikipedia.org/wiki/Special:Search",
                "search",
                &wikipedia,
            ),
        ),
        (
            "JustWatch",
            search("https://www.justwatch.com/us/search", "q", &movie.title),
        ),
        (
            "TMDB",
            search(
                "https://www.themoviedb.org/search/movie",
                "query",
                &with_year("y:"),
            ),
        ),
    ]
    .map(|(site, url)| ExternalLink { site, url })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_and_year_are_escaped_in_links_to_other_sites() {
        let movie = Movie {
            title: "A/B & “C”?".into(),
            release_year: Some(1988),
            ..Movie::default()
        };
        let links = external_links(&movie).map(|link| link.url);
        assert_eq!(
            links,
            [
                "https://letterboxd.com/search/films/A%2FB%20%26%20%E2%80%9CC%E2%80%9D%3F%201988/",
                "https://en.wikipedia.org/wiki/Special:Search?search=A%2FB+%26+%E2%80%9CC%E2%80%9D%3F+1988+film",
                "https://www.justwatch.com/us/search?q=A%2FB+%26+%E2%80%9CC%E2%80%9D%3F",
                "https://www.themoviedb.org/search/movie?query=A%2FB+%26+%E2%80%9CC%E2%80%9D%3F+y%3A1988",
            ]
        );
    }
}
