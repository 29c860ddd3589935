//! What is cached before a client requests it.

use super::*;

#[tokio::test]
async fn responses_that_were_requested_twice_are_prewarmed_for_the_next_version() {
    let current = CachedApp::new(Representation::varying_by_host);
    let br = ("accept-encoding", "br");
    for (path, host) in [("/a", "one"), ("/a", "two"), ("/b", "one")] {
        for _ in 0..2 {
            current.get(path, &[("host", host), br]).await;
        }
    }
    current.get("/requested/once", &[]).await;

    let next = CachedApp::new(Representation::varying_by_host);
    prewarm(&current.site().cache, next.app.clone()).await;
    assert_eq!(next.rendered(), 3);
    let request = Request::get("/a")
        .header(HOST, "two")
        .header(ACCEPT_ENCODING, "br");
    let request = request.body(Body::empty()).unwrap();
    assert!(
        cached(
            next.current.clone(),
            PublicUrl::default(),
            RequestMetrics::default()
        )(&request)
        .is_some()
    );
}

#[tokio::test]
async fn main_pages_and_item_pages_are_cached_before_any_request() {
    let (site, current) = (Site::built_in(), CurrentSite::default());
    let app = crate::routes::app(
        AppState {
            current: current.clone(),
            ..Default::default()
        },
        RequestLimits::default(),
    );
    let warming = warm_up(current.clone(), app, pages::paths_to_warm);
    let paths = pages::paths_to_warm(&site.snapshot.catalogue);
    let last = paths.last().unwrap();
    let host = Some(&b"here"[..]);
    let all_are_cached = async {
        current.replace(site.clone());
        while site.cache.get(host, last).is_none() {
            tokio::task::yield_now().await;
        }
    };
    let soon = tokio::time::timeout(Duration::from_secs(60), all_are_cached);
    let again = async {
        soon.await.unwrap();
        current.replace(site.clone());
        while current.swapped().has_changed().unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        never = warming => match never {},
        () = again => {}
    }
    assert_eq!(site.cache.requested(), [], "no client has requested any");
    let items = paths.iter().filter(|path| path.matches('/').count() == 2);
    assert_eq!(items.count(), site.snapshot.catalogue.len());
    for page in paths {
        assert!(site.cache.get(host, &page).is_some(), "{page}");
    }
}
