//! Held syncs and their approval.

use e2e::{Store, wait_until_shows};
use testkit::source::{Source, film};

#[tokio::test]
async fn an_approval_lets_the_held_delta_through_and_no_other() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let run = async |command: &[&str]| store.command(&source.url(), command).await;
    for number in 10..20 {
        source.add_film(film(number));
    }
    assert_eq!(run(&["once"]).await.code, Some(0));
    assert_eq!(run(&["approve"]).await.code, Some(1), "nothing is held");

    let films = source.catalogue().collection("films").clone();
    source.set("films", films[..6].to_vec());
    assert_eq!(run(&["once"]).await.code, Some(3));
    assert_eq!(run(&["approve"]).await.code, Some(0));
    source.set("films", films[..5].to_vec());
    assert_eq!(
        run(&["once"]).await.code,
        Some(3),
        "another delta is not approved"
    );
    assert_eq!(run(&["approve"]).await.code, Some(0));
    assert_eq!(run(&["once"]).await.code, Some(0));
}

#[tokio::test]
async fn an_approval_lets_items_through_that_lost_several_values() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let run = async |command: &[&str]| store.command(&source.url(), command).await.code;
    assert_eq!(run(&["once"]).await, Some(0));
    source.edit(|catalogue| {
        for film in &mut catalogue.films {
            for field in ["director", "producer", "rt_score", "running_time"] {
                film[field] = "".into();
            }
        }
    });
    assert_eq!(run(&["once"]).await, Some(3));
    assert_eq!(run(&["approve"]).await, Some(0));
    assert_eq!(run(&["once"]).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_shows_a_held_run_and_its_approval_at_once() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    for number in 10..20 {
        source.add_film(film(number));
    }
    let run = async |command: &[&str]| store.command(&source.url(), command).await;
    assert_eq!(run(&["once"]).await.code, Some(0));
    let films = source.catalogue().collection("films").clone();
    source.set("films", films[4..].to_vec());
    let held = run(&["once"]).await;
    assert_eq!(held.code, Some(3), "{held:?}");
    assert!(held.stderr.contains("fuse_lost"), "{held:?}");
    let webapp = store.webapp().await;
    let status = format!("{}/status", webapp.url());
    wait_until_shows(&status, "4 of 14 movies are missing").await;
    let plan = run(&["plan"]).await;
    assert!(plan.stdout.contains("4 removed"), "{plan:?}");
    assert_eq!(run(&["approve"]).await.code, Some(0));
    let plan = run(&["plan"]).await;
    assert!(plan.stdout.contains("already approved"), "{plan:?}");
    let published = run(&["once"]).await;
    assert!(published.stdout.contains("4 removed"), "{published:?}");
    wait_until_shows(&status, "4 removed").await;
}
