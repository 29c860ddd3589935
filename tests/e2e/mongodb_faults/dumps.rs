//! What `mongodump` and `mongorestore` do to a store that is being published to.

use e2e::{DEADLINE, Store, get};
use mongodb::Database;
use testkit::eventually;
use testkit::mongo::{Mongo, fresh_database};
use testkit::source::Source;

use super::deployment::*;
use crate::mongodb_dump::{Dump, dump, restore};

/// A dump that lasted while `versions` were published, its parts first or its head first.
async fn dump_while_publishing(
    database: &Database,
    parts_first: bool,
    publish: impl AsyncFnOnce(),
) -> Dump {
    let is_first = |name: &str| (name == "parts") == parts_first;
    let mut dumped = dump(database, is_first).await;
    publish().await;
    dumped.extend(dump(database, |name| !is_first(name)).await);
    dumped
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_publishing_serves_its_last_whole_state_and_the_next_sync_heals_it() {
    for parts_first in [true, false] {
        let store = Store::at(Mongo::replica_set().await.url(&fresh_database()));
        let source = Source::start().await;
        let once = async |store: &Store| {
            let end = store.command(&source.url(), &["once"]).await;
            assert_eq!(end.code, Some(0), "{end:?}");
            format!("{}{}", end.stdout, end.stderr)
        };
        for round in 1..=2 {
            retitle(&source, round);
            once(&store).await;
        }
        let live = database(&store.url).await;
        let dumped = dump_while_publishing(&live, parts_first, async || {
            for round in 3..=4 {
                retitle(&source, round);
                once(&store).await;
            }
        })
        .await;

        // Without --drop over the newer state, nothing changes.
        let webapp = store.webapp().await;
        wait_until_round(&webapp, 4).await;
        let reader = RoundReader::of(webapp.url());
        let newest = head(&live).await;
        restore(&live, &dumped, false).await;
        assert_eq!(head(&live).await.get("log"), newest.get("log"));
        let fresh = store.webapp().await;
        wait_until_round(&fresh, 4).await;

        // Into an empty database, where only the backup is.
        let elsewhere = Store::at(Mongo::replica_set().await.url(&fresh_database()));
        restore(&database(&elsewhere.url).await, &dumped, false).await;
        // And with --drop, under the web app that shows what is newer.
        restore(&live, &dumped, true).await;
        for (store, running) in [(&elsewhere, None), (&store, Some(&webapp))] {
            let fresh = store.webapp().await;
            let lost = |line: &str| {
                line.contains("lost or damaged in the database") && line.contains("base/")
            };
            fresh.wait_for_line(lost, DEADLINE).await;
            if parts_first {
                let shown = eventually(DEADLINE, async || api(fresh.url()).await).await;
                assert_eq!((shown.version, shown.round), (2, 2));
            } else {
                // The base was removed before the parts were copied: no version is whole.
                let unavailable = |line: &str| line.contains("parts of version 2 are lost");
                fresh.wait_for_line(unavailable, DEADLINE).await;
                let ready = get(&format!("{}/readyz", fresh.url())).await;
                assert_eq!(ready.status, 503);
            }
            let damaged = store.command(&source.url(), &["verify"]).await;
            assert_eq!(damaged.code, Some(1), "{damaged:?}");
            assert!(damaged.stdout.contains("base/"), "{damaged:?}");
            let printed = once(store).await;
            assert!(
                printed.contains("lost or damaged in the database"),
                "{printed}"
            );
            let verified = store.command(&source.url(), &["verify"]).await;
            assert_eq!(verified.code, Some(0), "{verified:?}");
            for webapp in running.into_iter().chain([&fresh]) {
                wait_until_round(webapp, 4).await;
            }
            let healed = store.webapp().await;
            wait_until_round(&healed, 4).await;
            let stored = number(head(&database(&store.url).await).await.get("version"));
            assert_eq!(api(healed.url()).await.unwrap().version, stored);
            assert!(!healed.output().contains("lost or damaged"));
        }
        reader.end().await;
    }
}
