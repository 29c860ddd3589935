use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

use super::upstream::{Upstream, ok, with_headers};
use super::{MAX_BYTES, client, client_with, collections, error_of, quick};
use crate::client::{RequestError, Timeouts};
use crate::wire::Collection;

/// A source of numbered films.
#[derive(Clone, Copy)]
struct Source {
    films: usize,
    /// Maximum number without `_limit`.
    default: usize,
    /// Maximum of `_limit`.
    cap: usize,
    /// Supports `_page`.
    pages: bool,
    /// Supports `_start`.
    starts: bool,
    /// Sends `X-Total-Count`.
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

/// Ignores the query.
const STATIC: Source = Source {
    pages: false,
    starts: false,
    counts: false,
    ..REAL
};

impl Source {
    fn respond(self, path: &str) -> Vec<u8> {
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
        Upstream::bytes(move |path| self.respond(path)).await
    }

    /// The number of films after a check of their order, and the number of requests.
    async fn fetch(self) -> (usize, usize) {
        let upstream = self.upstream().await;
        let collections = collections(&client([&upstream.url])).await;
        let films = &collections[&Collection::Films];
        for (number, film) in films.iter().enumerate() {
            assert_eq!(film.id, number.to_string());
        }
        assert_eq!(films.bad, []);
        (films.len(), upstream.requests("/films").len())
    }

    async fn error(self) -> String {
        let upstream = self.upstream().await;
        let error = error_of(&client([&upstream.url])).await;
        assert!(matches!(error, RequestError::Incomplete { .. }), "{error}");
        error.to_string()
    }
}

#[tokio::test]
async fn pages_are_fetched_only_if_the_response_has_a_common_page_size() {
    for (films, requests) in [(0, 1), (49, 1), (50, 3), (51, 1), (250, 3), (600, 1)] {
        let source = Source { films, ..REAL };
        assert_eq!(source.fetch().await, (films, requests));
    }
}

#[tokio::test]
async fn a_source_with_a_default_limit_is_read_to_its_end() {
    for counts in [true, false] {
        for (default, films) in [(50, 51), (50, 250), (50, 620), (250, 251), (250, 500)] {
            let source = Source {
                films,
                default,
                counts,
                ..REAL
            };
            assert_eq!(source.fetch().await.0, films, "{films} by {default}");
        }
        let small_pages = Source {
            films: 130,
            default: 50,
            cap: 50,
            counts,
            ..REAL
        };
        assert_eq!(small_pages.fetch().await.0, 130);
    }
}

#[tokio::test]
async fn fifty_records_of_a_source_without_pages_are_complete() {
    let source = Source {
        films: 50,
        ..STATIC
    };
    assert_eq!(source.fetch().await, (50, 3));
}

#[tokio::test]
async fn two_hundred_and_fifty_records_are_complete_only_with_proof() {
    let of_250 = Source {
        films: 250,
        ..STATIC
    };
    assert_eq!(
        of_250.error().await,
        "the collection may be incomplete (records: 250): \
         the source repeats its last page instead of ending the list"
    );
    let starts = Source {
        starts: true,
        ..of_250
    };
    assert_eq!(starts.fetch().await, (250, 4));
    let counts = Source {
        counts: true,
        ..of_250
    };
    assert_eq!(counts.fetch().await.0, 250);
}

#[tokio::test]
async fn a_truncated_response_is_never_taken_for_complete() {
    let capped = Source {
        films: 300,
        default: 250,
        ..STATIC
    };
    capped.error().await;
    Source {
        starts: true,
        ..capped
    }
    .error()
    .await;
    let error = Source {
        counts: true,
        ..capped
    }
    .error()
    .await;
    assert_eq!(
        error,
        "the collection may be incomplete (records: 250): the source reports 300"
    );
}

#[tokio::test]
async fn a_higher_total_count_is_trusted() {
    let upstream = Upstream::bytes(|path| match path {
        "/films" => with_headers("x-total-count: 3\r\n", r#"[{"id":"0"},{"id":"1"}]"#),
        _ => Source { films: 3, ..REAL }.respond(path),
    })
    .await;
    let collections = collections(&client([&upstream.url])).await;
    assert_eq!(collections[&Collection::Films].len(), 3);
}

#[tokio::test]
async fn an_endless_source_is_rejected() {
    let endless = Source {
        films: usize::MAX,
        default: 50,
        counts: false,
        ..REAL
    };
    let upstream = endless.upstream().await;
    let client = client_with([&upstream.url], MAX_BYTES / 8, quick());
    let error = error_of(&client).await.to_string();
    assert!(error.contains("raise PYFLIX_PROVIDER_MAX_BYTES"), "{error}");
}

#[tokio::test]
async fn a_slow_source_with_one_new_film_per_page_times_out() {
    let upstream = Upstream::raw(|path, mut stream| async move {
        sleep(Duration::from_millis(50)).await;
        let number = path.rsplit_once("_page=").map_or("0", |(_, number)| number);
        let response = match path.starts_with("/films") {
            true => with_headers(
                "x-total-count: 10000\r\n",
                format!(r#"[{{"id":"{number}"}}]"#),
            ),
            false => ok("[]"),
        };
        stream.write_all(&response).await
    })
    .await;
    let timeouts = Timeouts {
        fetch: Duration::from_millis(500),
        ..quick()
    };
    let error = error_of(&client_with([&upstream.url], MAX_BYTES, timeouts)).await;
    let error = error.to_string();
    assert!(
        error.starts_with("not all responses arrived within 5"),
        "{error}"
    );
    assert!(upstream.requests("/films").len() < 20);
}
