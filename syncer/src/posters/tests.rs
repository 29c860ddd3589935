use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::config::PosterHost;
use testkit::picture_host::{PictureHost, PictureResponse};
use testkit::pictures::{self, Format};

use super::*;

fn client(host: &PictureHost) -> PosterClient {
    PosterClient::new(vec![PosterHost::Address(host.address())]).unwrap()
}

fn clock() -> (Clock, Arc<AtomicU64>) {
    let seconds = Arc::new(AtomicU64::new(1_700_000_000));
    let now = Arc::clone(&seconds);
    let clock = Clock::from_fn(move || {
        let seconds = i64::try_from(now.load(Ordering::SeqCst)).unwrap();
        Timestamp::from_second(seconds).unwrap()
    });
    (clock, seconds)
}

fn poster(url: String) -> Poster {
    Poster {
        url,
        ..Poster::default()
    }
}

#[tokio::test]
async fn a_poster_is_fetched_once_and_then_only_if_it_has_changed() {
    let host = PictureHost::start().await;
    let (client, (clock, _)) = (client(&host), clock());
    let first = pictures::photo(1, 600, 900, Format::Jpeg);
    let url = host.serve("/a.jpg", PictureResponse::WithEtag(first, "\"1\""));
    let fetched = attempt(&client, poster(url), &clock).await;
    assert_eq!((fetched.result, fetched.pictures.len()), ("fetched", 3));
    let again = attempt(&client, fetched.poster.clone(), &clock).await;
    assert_eq!((again.result, again.pictures.len()), ("not_modified", 0));
    assert_eq!(again.poster.pictures, fetched.poster.pictures);
    let second = pictures::photo(2, 600, 900, Format::Png);
    host.serve("/a.jpg", PictureResponse::WithEtag(second, "\"2\""));
    let changed = attempt(&client, again.poster, &clock).await;
    assert_eq!(changed.result, "fetched");
    assert_ne!(changed.poster.pictures, fetched.poster.pictures);
    let etags = host
        .requests("/a.jpg")
        .into_iter()
        .map(|request| request.etag);
    let etags: Vec<_> = etags.collect();
    let known = Some("\"1\"".to_owned());
    assert_eq!(etags, [None, known.clone(), known]);
}

#[tokio::test]
async fn a_response_without_a_picture_keeps_the_last_good_one_with_the_reason() {
    let host = PictureHost::start().await;
    let private = PictureHost::start().await;
    let (clock, _) = clock();
    let client = client(&host).with_timeout(Duration::from_millis(500));
    let photo = pictures::photo(1, 60, 90, Format::Jpeg);
    let url = host.serve("/a.jpg", PictureResponse::Content(photo.clone()));
    let secret = private.serve("/a.jpg", PictureResponse::Content(photo.clone()));
    let good = attempt(&client, poster(url), &clock).await.poster;
    assert_eq!(good.pictures.len(), 1);
    let half = photo.len() / 2;
    let unlisted = format!("{} is not in PYFLIX_POSTER_HOSTS", private.address());
    for (response, result, problem) in [
        (PictureResponse::Status(404), "failed", "responded with 404"),
        (PictureResponse::Status(500), "failed", "responded with 500"),
        (
            PictureResponse::Content(pictures::decompression_bomb()),
            "refused",
            "has too many pixels",
        ),
        (
            PictureResponse::Content(pictures::SVG.into()),
            "refused",
            "is neither JPEG",
        ),
        (
            PictureResponse::Content(b"<!doctype html>".into()),
            "refused",
            "is neither JPEG",
        ),
        (
            PictureResponse::Content(photo[..half].into()),
            "refused",
            "is truncated",
        ),
        (PictureResponse::Truncated(photo.clone()), "failed", ""),
        (PictureResponse::Endless, "refused", "is larger than 8 MiB"),
        (PictureResponse::Drip, "failed", "did not arrive within"),
        (PictureResponse::RedirectTo(secret), "refused", &*unlisted),
        (
            PictureResponse::RedirectTo("http://localhost:1/".into()),
            "refused",
            "localhost:1 is not in PYFLIX_POSTER_HOSTS",
        ),
        (
            PictureResponse::RedirectTo("http://169.254.169.254/".into()),
            "refused",
            "169.254.169.254 is not in",
        ),
        (
            PictureResponse::RedirectTo("file:///etc/passwd".into()),
            "refused",
            "its URL is not",
        ),
        (
            PictureResponse::RedirectTo("/a.jpg".into()),
            "failed",
            "redirected more than 3 times",
        ),
    ] {
        host.serve("/a.jpg", response);
        let failed = attempt(&client, good.clone(), &clock).await;
        let text = failed.poster.problem.as_deref().unwrap_or_default();
        assert!(
            text.starts_with(problem) && !text.is_empty(),
            "{problem}: {text}"
        );
        assert_eq!(failed.result, result, "{problem}");
        assert_eq!(
            (failed.poster.pictures, failed.poster.failures),
            (good.pictures.clone(), 1)
        );
        assert_eq!(failed.pictures, []);
    }
    assert_eq!(private.requests("/a.jpg"), []);
}

#[tokio::test]
async fn a_redirect_to_a_listed_host_is_followed() {
    let host = PictureHost::start().await;
    let (client, (clock, _)) = (client(&host), clock());
    host.serve(
        "/b.jpg",
        PictureResponse::Content(pictures::photo(1, 60, 90, Format::WebP)),
    );
    let url = host.serve("/a.jpg", PictureResponse::RedirectTo("/b.jpg".into()));
    assert_eq!(
        attempt(&client, poster(url), &clock).await.result,
        "fetched"
    );
}

#[test]
fn the_wait_doubles_with_each_failure_up_to_a_day_and_respects_retry_after() {
    let now = Timestamp::UNIX_EPOCH;
    for (failures, retry_after, seconds) in [
        (0, 0, 60),
        (1, 0, 120),
        (5, 0, 32 * 60),
        (11, 0, 86_400),
        (u32::MAX, 0, 86_400),
        (0, 3_600, 3_600),
    ] {
        let failing = Poster {
            failures,
            ..poster("https://a.example/".into())
        };
        let retry_after = Some(Duration::from_secs(retry_after));
        let failed = failed(failing, "no".into(), retry_after, now);
        let wait = failed.next_fetch.as_second();
        assert!(
            (seconds..=seconds + seconds / 10).contains(&wait),
            "{failures}: {wait}"
        );
    }
}
