//! The mirror of posters between syncs.

use std::time::Duration;

use common::config::{PosterHost, PosterSettings};
use common::repository::{Poster, Repository};
use serde_json::json;
use syncer::posters::Posters;
use testkit::picture_host::{PictureHost, PictureResponse};
use testkit::pictures::{self, Format};

use crate::scene::{Scene, Store};

/// Longer than the longest time between two checks.
const DAY: Duration = Duration::from_hours(27);

fn posters(scene: &Scene, host: &PictureHost) -> Posters {
    let settings = PosterSettings {
        is_enabled: true,
        hosts: vec![PosterHost::Address(host.address())],
        cache_bytes: 1 << 20,
    };
    let repository = scene.repository().clone();
    Posters::new(repository, &settings, scene.clock()).unwrap()
}

/// Gives the films these posters, in their order.
fn set_posters(scene: &Scene, urls: &[String]) {
    scene.source.edit(|catalogue| {
        for (film, url) in catalogue.films.iter_mut().zip(urls) {
            film["image"] = json!(url);
        }
    });
}

async fn stored(repository: &Repository) -> Vec<Poster> {
    let mut posters = repository.posters().await.unwrap();
    posters.sort_by(|one, other| one.url.cmp(&other.url));
    posters
}

fn photo(seed: u64) -> Vec<u8> {
    pictures::photo(seed, 90, 120, Format::Jpeg)
}

/// Posters are fetched after the version is out, checked daily, and replaced when they change.
pub(crate) async fn mirror(store: Store) {
    let mut scene = Scene::new(store).await;
    let host = PictureHost::start().await;
    let good = host.serve("/1.jpg", PictureResponse::WithEtag(photo(1), "\"1\""));
    let gone = host.serve("/2.jpg", PictureResponse::Status(404));
    let other = "https://elsewhere.example/3.jpg".to_owned();
    set_posters(&scene, &[good.clone(), gone.clone(), other]);
    scene.sync().await;
    let version = scene.head().await.version;
    let mut posters = posters(&scene, &host);
    posters.flush(&scene.syncer).await;

    let first = stored(scene.repository()).await;
    let urls: Vec<_> = first.iter().map(|poster| &*poster.url).collect();
    assert_eq!(urls, [&*good, &*gone], "no other host is asked");
    assert_eq!(first[0].pictures.len(), 1);
    assert_eq!(
        first[1].problem.as_deref(),
        Some("responded with 404 Not Found")
    );
    assert_eq!(
        scene.head().await.version,
        version,
        "posters make no version"
    );
    posters.flush(&scene.syncer).await;
    assert_eq!(host.requests("/1.jpg").len(), 1);
    assert_eq!(host.requests("/2.jpg").len(), 1, "it waits after a failure");

    // The first poster disappears and keeps its pictures; the second one becomes available.
    host.serve(
        "/1.jpg",
        PictureResponse::Content(b"<!doctype html>".into()),
    );
    host.serve("/2.jpg", PictureResponse::Content(photo(2)));
    scene.wait(DAY);
    posters.flush(&scene.syncer).await;
    let second = stored(scene.repository()).await;
    assert_eq!(second[0].pictures, first[0].pictures);
    assert_eq!(second[0].failures, 1);
    assert_eq!((second[1].pictures.len(), second[1].failures), (1, 0));

    // A new process retries failures and fetches changed posters, but not the others.
    scene.wait(Duration::from_mins(5));
    host.serve("/1.jpg", PictureResponse::WithEtag(photo(3), "\"3\""));
    posters = self::posters(&scene, &host);
    posters.flush(&scene.syncer).await;
    assert_eq!(host.requests("/2.jpg").len(), 2);
    let third = stored(scene.repository()).await;
    assert_ne!(third[0].pictures, first[0].pictures);
    assert_eq!(scene.repository().picture_keys().await.unwrap().len(), 2);
}

/// Pictures stay as long as a kept version has them.
pub(crate) async fn collection(store: Store) {
    let mut scene = Scene::new(store).await.with_retention(3).await;
    let host = PictureHost::start().await;
    let urls: Vec<_> = (1..=2)
        .map(|seed| {
            let path = format!("/{seed}.jpg");
            host.serve(&path, PictureResponse::Content(photo(seed)))
        })
        .collect();
    set_posters(&scene, &urls);
    scene.sync().await;
    let mut posters = posters(&scene, &host);
    posters.flush(&scene.syncer).await;
    assert_eq!(scene.repository().picture_keys().await.unwrap().len(), 2);

    set_posters(&scene, &["https://elsewhere.example/1.jpg".to_owned()]);
    for (edition, kept) in [(1, 2), (2, 2), (3, 1)] {
        let id = scene.source.catalogue().films[2]["id"].clone();
        let id = id.as_str().unwrap();
        scene.source.rename_film(id, &format!("Edition {edition}"));
        scene.sync().await;
        posters.flush(&scene.syncer).await;
        let keys = scene.repository().picture_keys().await.unwrap();
        assert_eq!(keys.len(), kept, "edition {edition}");
    }
    let left = stored(scene.repository()).await;
    assert_eq!(left[0].url, urls[1]);
}

/// A sync that is due is not delayed by a slow host of posters.
pub(crate) async fn slow_host(store: Store) {
    use syncer::metrics::SyncMetrics;
    use tokio_util::sync::CancellationToken;

    let scene = Scene::new(store).await;
    let host = PictureHost::start().await;
    let slow = host.serve("/1.jpg", PictureResponse::Drip);
    set_posters(&scene, &[slow]);
    let posters = posters(&scene, &host);
    let config = common::config::Config::from_sources(Default::default(), "/nowhere".as_ref());
    let metrics = common::metrics::Metrics::new("syncer", &config.unwrap());
    let shutdown = CancellationToken::new();
    let (source, interval) = (scene.source.clone(), Duration::from_millis(100));
    let syncing = tokio::spawn(syncer::schedule::run(
        scene.syncer,
        posters,
        interval,
        SyncMetrics::register(&metrics),
        shutdown.clone(),
    ));
    let deadline = Duration::from_secs(60);
    host.wait_for_request("/1.jpg", deadline).await;
    let before = source.requests("films");
    source
        .wait_for_requests("films", before + 5, deadline)
        .await;
    assert_eq!(
        host.requests("/1.jpg").len(),
        1,
        "the first request still goes on"
    );
    shutdown.cancel();
    syncing.await.unwrap();
}
