use super::*;
use crate::repository::head::FENCE_GAP;
use crate::repository::mongodb::document::FORMAT;

#[tokio::test]
async fn every_step_does_what_its_pure_namesake_says() {
    let (store, _) = fresh(Mongo::replica_set().await).await;
    let first = acquired(&store, "$a").await;
    let mut model = Head::new(first.head.lineage.clone());
    model.acquire("$a", LEASE_DURATION, first.now);
    assert_eq!(first.head, model);

    for version in 1..=4 {
        let mut commit = next(&model, (version != 2).then_some("$$NOW"));
        commit.base = (version == 1).then_some(Base {
            version: 1,
            fence: model.fence,
            parts: 7,
        });
        commit.pin = (version == 3).then_some(2);
        let after = store.commit(&commit).await.unwrap();
        assert!(model.commit(&commit, after.header().unwrap().at));
        assert_eq!(after, model);
    }

    store.renew(model.fence).await.unwrap();
    let renewed = head(&store).await;
    let expires = renewed.lease.as_ref().unwrap().expires;
    assert!(model.renew(
        model.fence,
        LEASE_DURATION,
        expires.checked_sub(LEASE_DURATION).unwrap()
    ));
    assert_eq!(renewed, model);

    for patch in [
        HeadPatch::Pin(Some(3)),
        HeadPatch::Approval(Some("$lineage".into())),
        HeadPatch::Pin(None),
        HeadPatch::Approval(None),
        HeadPatch::RaiseFence(1_000),
        HeadPatch::Restore(Box::new(restored(&model))),
        HeadPatch::RowsWritten,
        HeadPatch::Posters(1_000),
    ] {
        let fence = model.fence;
        store.patch_head(fence, &patch).await.unwrap();
        assert!(model.patch_head(fence, &patch));
        assert_eq!(head(&store).await, model);
    }

    for (is_view_current, sync) in [
        (false, None),
        (false, Some(SyncEnd::Failed)),
        (true, Some(SyncEnd::Failed)),
        (false, Some(SyncEnd::Responded)),
    ] {
        let again = acquired(&store, "$a").await;
        model.acquire("$a", LEASE_DURATION, again.now);
        assert_eq!(again.head, model);
        let release = Release {
            is_view_current,
            sync,
        };
        store.release(model.fence, release).await.unwrap();
        let after = head(&store).await;
        let at = after
            .last_sync
            .as_ref()
            .map_or(again.now, |last_sync| last_sync.at);
        assert!(model.release(model.fence, release, at));
        assert_eq!(after, model);
        assert!(matches!(
            store.renew(model.fence).await,
            Err(StoreError::LeaseLost)
        ));
    }
}

/// Another head with a value in every field.
fn restored(head: &Head) -> Head {
    let at = Timestamp::constant(1_700_000_000, 5_000_000);
    Head {
        lineage: "$another".into(),
        version: 3,
        log: head.log[1..3].to_vec(),
        last_sync: Some(LastSync {
            at,
            failing_since: Some(at),
        }),
        base: Some(Base {
            version: 2,
            fence: 5,
            parts: 6,
        }),
        pin: Some(3),
        approval: Some("$approval".into()),
        dirty: true,
        release: "0.0.9".into(),
        pending_rows: Some(PendingRows { fence: 9, parts: 2 }),
        ..head.clone()
    }
}

#[tokio::test]
async fn a_lease_that_is_held_or_comes_too_soon_is_refused_with_the_reason() {
    let (store, _) = fresh(Mongo::replica_set().await).await;
    let lease = acquired(&store, "a").await;
    let denied = store.acquire("b", None).await.unwrap().unwrap_err();
    assert!(matches!(denied, LeaseDenied::Taken { holder, remaining }
        if holder == "a" && remaining <= LEASE_DURATION));

    let release = Release {
        is_view_current: true,
        sync: Some(SyncEnd::Responded),
    };
    store.release(lease.head.fence, release).await.unwrap();
    let hour = Some(Duration::from_secs(3600));
    let denied = store.acquire("b", hour).await.unwrap().unwrap_err();
    assert!(matches!(denied, LeaseDenied::TooSoon { remaining }
        if remaining > Duration::from_secs(3500)));
    let tick = Some(Duration::from_millis(1));
    let next = eventually(SOON, async || store.acquire("b", tick).await.unwrap().ok()).await;
    assert_eq!(next.head.fence, lease.head.fence + 1);
}

#[tokio::test]
async fn of_many_that_acquire_a_new_store_at_once_one_gets_it() {
    let (store, _) = fresh(Mongo::replica_set().await).await;
    let holders = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let tries = holders.map(|holder| store.acquire(holder, None));
    let outcomes = futures::future::join_all(tries).await;
    let given = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(Ok(_))));
    assert_eq!(given.count(), 1, "{outcomes:?}");
}

#[tokio::test]
async fn a_head_of_a_newer_release_is_left_alone() {
    let (store, database) = fresh(Mongo::replica_set().await).await;
    let newer = doc! { "_id": HEAD, "format": FORMAT + 1, "fence": 1, "shape": "unheard of" };
    let state: Collection<Document> = database.collection(STATE);
    state.insert_one(&newer).await.unwrap();

    let problem = store.acquire("a", None).await.unwrap_err().to_string();
    assert!(problem.contains("newer release"), "{problem}");
    assert_eq!(state.find_one(doc! {}).await.unwrap(), Some(newer));
}

#[tokio::test]
async fn an_unreadable_head_is_reported_with_a_remedy_and_left_alone() {
    let (store, database) = fresh(Mongo::replica_set().await).await;
    acquired(&store, "a").await;
    let state: Collection<Document> = database.collection(STATE);
    for (wrong, expected) in [
        (
            doc! { "$set": { "log": [{ "version": "two" }] } },
            "invalid type: string \"two\"",
        ),
        (
            doc! { "$set": { "fence": "1" } },
            "invalid type: string \"1\"",
        ),
        (doc! { "$unset": { "fence": 1 } }, "missing field `fence`"),
        (
            doc! { "$set": { "version": -1 } },
            "invalid value: integer `-1`",
        ),
        (
            doc! { "$unset": { "lineage": 1, "format": 1 } },
            "missing field `format`",
        ),
    ] {
        let good = state.find_one(doc! {}).await.unwrap().unwrap();
        state.update_one(doc! {}, wrong).await.unwrap();
        for problem in [
            store.head().await.unwrap_err(),
            store.acquire("a", None).await.unwrap_err(),
        ] {
            let problem = problem.to_string();
            let expected = format!("state/head cannot be read: {expected}");
            assert!(problem.starts_with(&expected), "{problem}");
            assert!(problem.contains("delete this document"), "{problem}");
        }
        state.replace_one(doc! {}, good).await.unwrap();
        head(&store).await;
    }
}

#[tokio::test]
async fn a_new_head_takes_nothing_of_an_earlier_one_for_its_own() {
    let (store, database) = fresh(Mongo::replica_set().await).await;
    let name = |fence| PartName {
        kind: PartKind::Base,
        fence,
        index: 0,
    };
    store.put(name(3), vec![3]).await.unwrap();
    let run = |key: &str| Row {
        key: key.into(),
        fields: Map::new(),
    };
    let runs = ["00000000000000000007", "99999999999999999999"].map(run);
    store
        .write_rows(1, Table::Runs, runs.into(), vec![])
        .await
        .unwrap();
    let shown = |version, title: &str| ViewDocument {
        kind: Kind::Movie,
        id: "1".into(),
        version,
        fields: Some(object(json!({ "title": title }))),
        is_new: false,
    };
    store
        .write_view(vec![shown(9, "old")], Overwrite::Older)
        .await
        .unwrap();
    let odd: Collection<Document> = database.collection("parts");
    let strange = format!("base/{}/000000", u64::MAX);
    odd.insert_one(doc! { "_id": strange }).await.unwrap();

    let fence = acquired(&store, "a").await.head.fence;
    assert_eq!(fence, 7 + FENCE_GAP + 1);
    store
        .write_view(vec![shown(1, "new")], Overwrite::SameOrOlder)
        .await
        .unwrap();
    let view = store.read_view(Kind::Movie, None, 9).await.unwrap();
    assert_eq!(view, [shown(1, "new")]);
}
