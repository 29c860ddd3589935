//! Programs of this release on a database of a newer one.

use e2e::{DEADLINE, Store, get};
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};
use testkit::source::Source;

#[tokio::test(flavor = "multi_thread")]
async fn a_mongodb_of_a_newer_release_is_refused_with_its_name_and_left_alone() {
    let (store, source) = (Store::mongodb().await, Source::start().await);
    let run = store.command(&source.url(), &["once"]).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let running = store.webapp().await;
    let movies = format!("{}/movies", running.url());
    e2e::wait_until_shows(&movies, "The Lantern Ferry").await;

    let client = Client::with_uri_str(&store.url).await.unwrap();
    let state: Collection<Document> = client.default_database().unwrap().collection("state");
    let newer = doc! { "$set": { "format": 99, "release": "9.8.7" } };
    state.update_one(doc! {}, newer).await.unwrap();
    let before = state.find_one(doc! {}).await.unwrap();
    let named = |text: &str| text.contains("newer release (9.8.7, format 99)");

    for args in [
        &["once"][..],
        &["plan"],
        &["history"],
        &["pin", "1"],
        &["rollback", "1"],
        &["backup", "pyflix.tar"],
        &["verify"],
    ] {
        let run = store.command(&source.url(), args).await;
        assert_eq!(run.code, Some(2), "{args:?}: {run:?}");
        assert!(named(&run.stderr), "{args:?}: {run:?}");
    }
    let syncer = store.syncer(&source.url());
    syncer.wait_for_line(named, DEADLINE).await;
    let fresh = store.webapp().await;
    fresh.wait_for_line(named, DEADLINE).await;
    assert_eq!(get(&format!("{}/readyz", fresh.url())).await.status, 503);
    // A running one keeps its version.
    running.wait_for_line(named, DEADLINE).await;
    assert_eq!(get(&movies).await.status, 200);
    assert_eq!(state.find_one(doc! {}).await.unwrap(), before);
}
