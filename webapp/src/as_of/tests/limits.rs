//! Limits on the sites of earlier versions.

use futures::future::join_all;

use super::*;

#[tokio::test]
async fn responses_as_of_a_version_stay_out_of_the_response_cache() {
    let server = server();
    for _ in 0..4 {
        for address in [
            "/movies?version=2",
            "/api/v1/movies?version=2",
            "/versions/2/ghibli/films",
        ] {
            let response = server.get(address).await;
            assert_eq!(response.header("x-catalogue-version"), "2");
        }
    }
    assert_eq!(server.site().cache.bytes(), 0);
    server.get("/movies").await;
    assert!(server.site().cache.bytes() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_versions_at_once_leave_few_sites_in_memory_and_the_current_pages_alone() {
    const VERSIONS: usize = 24;
    let server = server();
    for variant in 3..VERSIONS {
        let change = server.change_to(Kind::Movie, "1", Some(item(Kind::Movie, 1, variant % 11)));
        server.publish(change.into_iter().collect());
    }
    let requests = (0..4 * VERSIONS).map(async |number| {
        let version = number % VERSIONS + 1;
        let old = server.get(&format!("/movies?version={version}")).await;
        let expected = version.to_string();
        match old.status {
            StatusCode::OK => assert_eq!(old.header("x-catalogue-version"), expected),
            // The queue is full.
            status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{}", old.body),
        }
        assert_eq!(server.get("/people").await.status, StatusCode::OK);
        old.status
    });
    let statuses = join_all(requests).await;
    assert!(statuses.contains(&StatusCode::OK));
    let site = server.site();
    let kept = (1..=VERSIONS as u64).filter(|version| site.earlier_sites.get(*version).is_some());
    assert!((1..=8).contains(&kept.count()));
    // The next version starts over.
    server.publish(Vec::new());
    assert!(
        (1..=VERSIONS as u64).all(|version| server.site().earlier_sites.get(version).is_none())
    );
    assert_eq!(
        Arc::strong_count(&site.earlier_sites),
        1,
        "no request is left"
    );
}
