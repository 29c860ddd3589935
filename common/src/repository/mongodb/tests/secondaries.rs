use testkit::mongo::MongoReplicaSet;

use super::*;

#[tokio::test]
async fn a_reader_gets_parts_from_any_member_and_a_missing_one_from_the_primary() {
    let set = MongoReplicaSet::start(3).await;
    let database = fresh_database();
    let url = set.url(&database);
    let writer = store_at(url.clone(), Access::Writer).await;
    let reader = store_at(url, Access::Reader).await;
    let state = acquired(&writer, "a").await.head;
    let part = |index| PartName {
        kind: PartKind::Base,
        fence: state.fence,
        index,
    };
    // A member that does not have it yet may be asked first.
    for index in 0..20 {
        writer.put(part(index), vec![7]).await.unwrap();
        assert_eq!(reader.get(part(index)).await.unwrap(), Some(vec![7]));
    }
    assert_eq!(reader.get(part(20)).await.unwrap(), None);

    let last = set.secondary().await;
    eventually(SOON, async || {
        let url = format!("mongodb://127.0.0.1:{}/?directConnection=true", last.port());
        let client = Client::with_uri_str(url).await.unwrap();
        let parts = client.database(&database).collection::<Document>("parts");
        parts.count_documents(doc! {}).await.ok() == Some(20)
    })
    .await;
    let others = set.members().iter();
    for member in others.filter(|member| member.port() != last.port()) {
        member.kill();
    }
    eventually(SOON, async || writer.get(part(0)).await.is_err()).await;
    let got = eventually(SOON, async || reader.get(part(0)).await).await;
    assert_eq!(got, Some(vec![7]));
    assert!(reader.head().await.is_err(), "there is no primary");
}
