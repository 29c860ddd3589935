use testkit::mongo::MongoReplicaSet;

use super::*;

#[tokio::test]
async fn a_reader_goes_on_without_a_primary_and_never_reads_an_older_head() {
    let set = MongoReplicaSet::start(3).await;
    let database = fresh_database();
    let url = set.url(&database);
    let writer = store_at(url.clone(), Access::Writer).await;
    let reader = store_at(url.clone(), Access::Reader).await;
    let state = acquired(&writer, "a").await.head;
    let name = PartName {
        kind: PartKind::Base,
        fence: state.fence,
        index: 0,
    };
    writer.put(name, vec![7]).await.unwrap();
    let published = writer.commit(&next(&state, None)).await.unwrap();
    assert_eq!(head(&reader).await, published);

    // The majority has it by now, but not yet every member.
    let last = set.secondary().await.port();
    for member in set.members() {
        eventually(SOON, async || {
            let url = format!(
                "mongodb://127.0.0.1:{}/?directConnection=true",
                member.port()
            );
            let client = Client::with_uri_str(url).await.unwrap();
            let parts = client.database(&database).collection::<Document>("parts");
            parts
                .find_one(doc! {})
                .await
                .is_ok_and(|part| part.is_some())
        })
        .await;
    }
    for member in set.members().iter().filter(|member| member.port() != last) {
        member.kill();
    }
    eventually(SOON, async || writer.head().await.is_err()).await;
    for store in [reader, store_at(url, Access::Reader).await] {
        let read = eventually(SOON, async || store.head().await).await;
        assert_eq!(read.unwrap().head, published);
        assert_eq!(store.get(name).await.unwrap(), Some(vec![7]));
        store.newest_head.as_ref().unwrap().replace(Some(&Head {
            fence: published.fence + 1,
            ..published.clone()
        }));
        assert!(
            store.head().await.is_err(),
            "another member had a newer one"
        );
    }
}

#[test]
fn a_head_is_newer_by_lease_and_version_and_only_the_primary_has_another_store() {
    let head = |lineage: &str, fence, version| Head {
        fence,
        version,
        ..Head::new(lineage.into())
    };
    let newest = newest_head::NewestHead::default();
    assert!(newest.advance(&head("a", 5, 2)), "nothing is known yet");
    assert!(!newest.advance(&head("a", 4, 2)));
    assert!(!newest.advance(&head("a", 5, 1)));
    assert!(newest.advance(&head("a", 5, 3)));
    assert!(newest.advance(&head("a", 7, 3)));
    assert!(!newest.advance(&head("a", 6, 4)));
    assert!(!newest.advance(&head("b", 9, 9)));
    newest.replace(Some(&head("b", 2, 1)));
    assert!(newest.advance(&head("b", 2, 1)));
}
