use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

use super::upstream::{Upstream, ok, with_headers};
use super::{MAX_BYTES, client, client_with, collections, error_of, quick};
use crate::client::{RequestError, Timeouts};
use crate::wire::Collection;

/// How a source of numbered films answers.
#[derive(Clone, Copy)]
struct Source {
    films: usize,
    /// The most that it gives without being asked for a number of them.
    default: usize,
    /// The most that it gives however many are asked for.
    cap: usize,
    pages: bool,
    starts: bool,
    counts: bool,
}

/// The real one: all without a query, `limit` cut at 250, pages and counts with `_limit`.
const REAL: Source = Source {
    films: 0,
    default: usize::MAX,
    cap: 250,
    pages: true,
    starts: true,
    counts: true,
};

/// One that knows no query at all.
const DEAF: Source = Source {
    pages: false,
    starts: false,
    counts: false,
    ..REAL
};

impl Source {
    fn answer(self, path: &str) -> Vec<u8> {
        let number = |name: &str| -> Option<usize> {
            let (_, query) = path.split_once('?')?;
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name)?.1.parse().ok()
        };
        if !path.starts_with("/films") {
            return ok("[]");
        }
        let limit = number("_limit").map_or(self.default, |limit| limit.min(self.cap));
        let page = number("_page").filter(|_| self.pages).unwrap_or(1);
        let start = number("_start").filter(|_| self.starts).unwrap_or(0);
        let start = start + (page - 1) * limit;
        let films = start..self.films.min(start.saturating_add(limit));
        let films: Vec<_> = films.map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        let body = format!("[{}]", films.join(","));
        match self.counts && path.contains('?') {
            true => with_headers(&format!("x-total-count: {}\r\n", self.films), body),
            false => ok(body),
        }
    }

    async fn upstream(self) -> Upstream {
        Upstream::bytes(move |path| self.answer(path)).await
    }

    /// The ids fetched, after a check of their order, and the number of requests.
    async fn whole(self) -> (usize, usize) {
        let upstream = self.upstream().await;
        let collections = collections(&client([&upstream.url])).await;
        let films = &collections[&Collection::Films];
        for (number, film) in films.iter().enumerate() {
            assert_eq!(film.id, number.to_string());
        }
        assert_eq!(films.bad, []);
        (films.len(), upstream.asked("/films").len())
    }

    async fn error(self) -> String {
        let upstream = self.upstream().await;
        let error = error_of(&client([&upstream.url])).await;
        assert!(matches!(error, RequestError::Incomplete { .. }), "{error}");
        error.to_string()
    }
}

#[tokio::test]
async fn the_real_source_is_asked_once_unless_the_number_is_doubtful() {
    for (films, requests) in [(0, 1), (49, 1), (50, 3), (51, 1), (250, 3), (600, 1)] {
        let source = Source { films, ..REAL };
        assert_eq!(source.whole().await, (films, requests));
    }
}

#[tokio::test]
async fn a_source_that_gives_fifty_or_so_by_default_is_read_to_its_end() {
    for counts in [true, false] {
        for (default, films) in [(50, 51), (50, 250), (50, 620), (250, 251), (250, 500)] {
            let source = Source {
                films,
                default,
                counts,
                ..REAL
            };
            assert_eq!(source.whole().await.0, films, "{films} by {default}");
        }
        let small_pages = Source {
            films: 130,
            default: 50,
            cap: 50,
            counts,
            ..REAL
        };
        assert_eq!(small_pages.whole().await.0, 130);
    }
}

#[tokio::test]
async fn fifty_of_a_source_that_knows_no_pages_are_all_there_are() {
    let source = Source { films: 50, ..DEAF };
    assert_eq!(source.whole().await, (50, 3));
}

#[tokio::test]
async fn two_hundred_and_fifty_are_all_there_are_only_if_it_can_be_shown() {
    let of_250 = Source { films: 250, ..DEAF };
    assert_eq!(
        of_250.error().await,
        "the collection may be incomplete (250 records): \
         the source repeats its last page instead of ending the list"
    );
    let starts = Source {
        starts: true,
        ..of_250
    };
    assert_eq!(starts.whole().await, (250, 4));
    let counts = Source {
        counts: true,
        ..of_250
    };
    assert_eq!(counts.whole().await.0, 250);
}

#[tokio::test]
async fn a_capped_answer_is_never_taken_for_the_whole() {
    let capped = Source {
        films: 300,
        default: 250,
        ..DEAF
    };
    capped.error().await;
    Source {
        starts: true,
        ..capped
    }
    .error()
    .await;
    let told = Source {
        counts: true,
        ..capped
    }
    .error()
    .await;
    assert_eq!(
        told,
        "the collection may be incomplete (250 records): the source reports 300"
    );
}

#[tokio::test]
async fn a_count_that_says_more_is_believed_whatever_came() {
    let upstream = Upstream::bytes(|path| match path {
        "/films" => with_headers("x-total-count: 3\r\n", r#"[{"id":"0"},{"id":"1"}]"#),
        _ => Source { films: 3, ..REAL }.answer(path),
    })
    .await;
    let collections = collections(&client([&upstream.url])).await;
    assert_eq!(collections[&Collection::Films].len(), 3);
}

#[tokio::test]
async fn a_source_without_end_is_given_up() {
    let endless = Source {
        films: usize::MAX,
        default: 50,
        counts: false,
        ..REAL
    };
    let upstream = endless.upstream().await;
    let client = client_with([&upstream.url], MAX_BYTES / 8, quick());
    let told = error_of(&client).await.to_string();
    assert!(told.contains("raise PYFLIX_PROVIDER_MAX_BYTES"), "{told}");
}

#[tokio::test]
async fn a_source_that_slowly_brings_one_new_film_per_page_is_given_up() {
    let upstream = Upstream::raw(|path, mut stream| async move {
        sleep(Duration::from_millis(50)).await;
        let number = path.rsplit_once("_page=").map_or("0", |(_, number)| number);
        let answer = match path.starts_with("/films") {
            true => with_headers(
                "x-total-count: 10000\r\n",
                format!(r#"[{{"id":"{number}"}}]"#),
            ),
            false => ok("[]"),
        };
        stream.write_all(&answer).await
    })
    .await;
    let timeouts = Timeouts {
        fetch: Duration::from_millis(500),
        ..quick()
    };
    let error = error_of(&client_with([&upstream.url], MAX_BYTES, timeouts)).await;
    let told = error.to_string();
    assert!(
        told.starts_with("not all responses arrived within 5"),
        "{told}"
    );
    assert!(upstream.asked("/films").len() < 20);
}
