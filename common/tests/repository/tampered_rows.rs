use common::models::Kind;
use common::repository::{Row, Table};
use mongodb::bson::{Bson, Document, doc};

use crate::fixture::{self, Fixture, catalogue, movie, with};
use crate::history::assert_the_view_shows;

pub(crate) async fn values_of_wrong_types_stop_nothing_and_the_next_runs_repair_them(
    store: &Fixture,
) {
    let wanted = with(&catalogue(37, 1), movie(0, 2));
    store.publish(&catalogue(37, 1)).await;
    store.publish(&wanted).await;
    let repository = store.open().await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let fence = lease.head().fence;
    let row = |key: &str| {
        let fields = serde_json::json!({ "outcome": "unchanged", "of": key });
        let fields = fields.as_object().unwrap().clone();
        let key = key.into();
        Row { key, fields }
    };
    let rows = vec![row("1"), row("2"), row("3")];
    let write = repository.store();
    let written = write.write_rows(fence, Table::Runs, rows, Vec::new());
    written.await.unwrap();

    corrupt_rows(store).await;
    drop(lease);
    store.expire_the_lease().await;

    let loaded = store.load().await.unwrap();
    let [damage] = loaded.damage.as_slice() else {
        panic!("{:?}", loaded.damage);
    };
    assert!(damage.name.starts_with("changes/"), "{damage:?}");
    assert_eq!(loaded.catalogue, catalogue(37, 1), "the rest is served");
    let rows = repository.store().rows(Table::Runs, Some(3)).await.unwrap();
    let keys: Vec<_> = rows.iter().map(|row| &*row.key).collect();
    assert_eq!(
        keys,
        ["3", "2", "1"],
        "foreign rows do not count towards the limit"
    );
    assert_eq!(rows[0], row("3"));
    assert!(repository.runs(9).await.unwrap().is_empty());
    let shown = repository.store().read_view(Kind::Movie, None, 99).await;
    assert_eq!(shown.unwrap().len(), 37);

    fixture::publish(&repository, &wanted).await.unwrap();
    assert_the_view_shows(&repository, &wanted).await;
    assert_eq!(store.load().await.unwrap().catalogue, wanted);
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let repair = vec![row("1"), row("2")];
    let write = repository.store();
    let written = write.write_rows(lease.head().fence, Table::Runs, repair, Vec::new());
    written.await.unwrap();
    let repaired = repository.store().rows(Table::Runs, None).await.unwrap();
    assert_eq!(repaired, [row("1"), row("2"), row("3")]);
}

/// Puts values of other types than ours into every table.
async fn corrupt_rows(store: &Fixture) {
    if let Some(hand) = store.sqlite_by_hand() {
        hand.execute_batch(
            "UPDATE parts SET data = 'text' WHERE name LIKE 'changes/%';
             INSERT INTO parts VALUES (x'00', 5);
             INSERT INTO parts VALUES (CAST(x'ff' AS TEXT), x'00');
             UPDATE movies SET v = 'text', document = CAST(document AS BLOB);
             UPDATE people SET v = x'00', document = 5;
             UPDATE species SET v = 9.5, document = CAST(x'ff' AS TEXT);
             INSERT INTO movies VALUES (x'00', 1, '{}'), (NULL, 1, '{}');
             UPDATE runs SET fields = x'00' WHERE key = '1';
             UPDATE runs SET fields = '[]' WHERE key = '2';
             INSERT INTO runs VALUES (x'ff', '{}');",
        )
        .unwrap();
        return;
    }
    let database = store.mongo().await;
    let all = async |name: &str, filter: Document, set: Document| {
        let table = database.collection::<Document>(name);
        let spoilt = table.update_many(filter, doc! { "$set": set }).await;
        assert!(spoilt.unwrap().modified_count > 0);
    };
    let changes = doc! { "_id": { "$regex": "^changes/" } };
    all("parts", changes, doc! { "data": "text" }).await;
    all("movies", doc! {}, doc! { "_v": "text", "title": 5 }).await;
    all("people", doc! {}, doc! { "_v": [5], "name": null }).await;
    all("species", doc! {}, doc! { "_v": 9.5, "name": {} }).await;
    all("runs", doc! { "_id": "1" }, doc! { "_f": "text", "of": 5 }).await;
    all("runs", doc! { "_id": "2" }, doc! { "_f": [5], "of": {} }).await;
    for name in ["parts", "movies", "runs"] {
        for id in [Bson::Int32(5), Bson::Null, Bson::Document(doc! {})] {
            let table = database.collection::<Document>(name);
            table.insert_one(doc! { "_id": id }).await.unwrap();
        }
    }
}
