use super::*;

#[tokio::test]
async fn a_reader_makes_nothing_and_writes_nothing() {
    let mongo = Mongo::replica_set().await;
    let (_, database) = fresh(mongo).await;
    let reader = store_at(mongo.url(database.name()), Access::Reader).await;
    let mut notifications = reader.subscribe();
    assert_eq!(reader.head().await.unwrap(), None);
    assert_eq!(reader.parts().await.unwrap(), []);
    assert_eq!(reader.rows(Table::Runs, None).await.unwrap(), []);
    assert_eq!(reader.read_view(Kind::Movie, None, 9).await.unwrap(), []);
    assert!(reader.acquire("a", None).await.is_err());
    notifications.changed().await.unwrap();
    let made = database.list_collection_names().await.unwrap();
    assert_eq!(made, Vec::<String>::new());
}

#[tokio::test]
async fn parts_are_named_by_name_alone_and_foreign_documents_stay() {
    let (store, database) = fresh(Mongo::replica_set().await).await;
    let name = |index| PartName {
        kind: PartKind::Changes,
        fence: 3,
        index,
    };
    for index in [0, 1] {
        store.put(name(index), vec![7; 1_000]).await.unwrap();
    }
    store.put(name(1), vec![8]).await.unwrap();
    let parts: Collection<Document> = database.collection("parts");
    let strangers = [doc! { "_id": 5 }, doc! { "_id": "changes/1/1" }];
    parts.insert_many(strangers).await.unwrap();

    assert_eq!(store.parts().await.unwrap(), [name(0), name(1)]);
    assert_eq!(store.get(name(1)).await.unwrap(), Some(vec![7; 1_000]));
    store.remove(&[name(0), name(1), name(2)]).await.unwrap();
    assert_eq!(store.get(name(1)).await.unwrap(), None);
    assert_eq!(parts.count_documents(doc! {}).await.unwrap(), 2);
}

#[tokio::test]
async fn a_part_of_the_wrong_shape_is_read_as_damaged_and_stops_nobody() {
    let (store, database) = fresh(Mongo::replica_set().await).await;
    let parts: Collection<Document> = database.collection("parts");
    let shapes = [
        doc! { "data": "text" },
        doc! { "data": null },
        doc! { "data": { "of": "another shape" } },
        doc! {},
    ];
    for (index, shape) in (0..).zip(shapes) {
        let name = PartName {
            kind: PartKind::Base,
            fence: 1,
            index,
        };
        let mut part = doc! { "_id": name.to_string() };
        part.extend(shape);
        parts.insert_one(&part).await.unwrap();
        let data = store.get(name).await.unwrap().unwrap();
        let (items, damage) = crate::repository::parts::unpack_items(name, &data);
        assert_eq!(items, []);
        assert_eq!(damage[0].name, name.to_string(), "{part}");
    }
}

#[tokio::test]
async fn the_view_takes_higher_versions_only_and_repairs_a_wrong_one() {
    let (store, database) = fresh(Mongo::replica_set().await).await;
    let many = (0..2_500).map(|n| movie(&format!("{n:04}"), 5, Some("new")));
    store
        .write_view(many.collect(), Overwrite::Older)
        .await
        .unwrap();
    let movies: Collection<Document> = database.collection("movies");
    let odd = [
        doc! { "_id": "odd", "_v": "text", "title": 1 },
        doc! { "_id": 12, "title": "not ours" },
    ];
    movies.insert_many(odd).await.unwrap();

    let late = vec![
        movie("0000", 4, Some("old")),
        movie("0001", 5, Some("again")),
        movie("0002", 4, None),
    ];
    store.write_view(late, Overwrite::Older).await.unwrap();
    let page = store.read_view(Kind::Movie, None, 3).await.unwrap();
    let kept = ["0000", "0001", "0002"].map(|id| movie(id, 5, Some("new")));
    assert_eq!(page, kept);

    let tail = store.read_view(Kind::Movie, Some("2498"), 9).await.unwrap();
    assert_eq!(tail.len(), 2);
    assert_eq!((&*tail[1].id, tail[1].version), ("odd", 0));
    let repair = vec![
        movie("odd", 5, Some("right")),
        movie("0000", 5, Some("same")),
        movie("0001", 5, None),
    ];
    store
        .write_view(repair, Overwrite::SameOrOlder)
        .await
        .unwrap();
    let page = store.read_view(Kind::Movie, None, 2).await.unwrap();
    let repaired = [
        movie("0000", 5, Some("same")),
        movie("0002", 5, Some("new")),
    ];
    assert_eq!(page, repaired);
    let tail = store.read_view(Kind::Movie, Some("2499"), 9).await.unwrap();
    assert_eq!(tail, [movie("odd", 5, Some("right"))]);
    assert_eq!(movies.count_documents(doc! { "_id": 12 }).await.unwrap(), 1);
}

#[tokio::test]
async fn a_new_document_that_is_there_after_all_is_written_like_any_other() {
    let (store, database) = fresh(Mongo::replica_set().await).await;
    let there = [5, 6, 7].map(|version| movie(&version.to_string(), version, Some("there")));
    store
        .write_view(there.to_vec(), Overwrite::Older)
        .await
        .unwrap();
    let movies: Collection<Document> = database.collection("movies");
    movies.insert_one(doc! { "_id": "odd" }).await.unwrap();

    let new = |id: &str| ViewDocument {
        is_new: true,
        ..movie(id, 6, Some("new"))
    };
    let ids = ["5", "6", "7", "8", "odd"];
    store
        .write_view(ids.map(new).to_vec(), Overwrite::Older)
        .await
        .unwrap();
    let mut expected = [
        movie("5", 6, Some("new")),
        movie("6", 6, Some("there")),
        movie("7", 7, Some("there")),
        movie("8", 6, Some("new")),
        movie("odd", 6, Some("new")),
    ];
    let shown = store.read_view(Kind::Movie, None, 9).await.unwrap();
    assert_eq!(shown, expected);

    store
        .write_view(vec![new("6"), new("7")], Overwrite::SameOrOlder)
        .await
        .unwrap();
    expected[1] = movie("6", 6, Some("new"));
    let shown = store.read_view(Kind::Movie, None, 9).await.unwrap();
    assert_eq!(shown, expected, "the same version gives way to a repair");
}

fn movie(id: &str, version: u64, title: Option<&str>) -> ViewDocument {
    ViewDocument {
        kind: Kind::Movie,
        id: id.into(),
        version,
        fields: title.map(|title| object(json!({ "title": title }))),
        is_new: false,
    }
}

#[tokio::test]
async fn any_json_comes_back_from_a_table_as_it_was() {
    let (store, _) = fresh(Mongo::replica_set().await).await;
    let fields = object(json!({
        "z": [1, -1, 2_147_483_648_u64, i64::MIN, u64::MAX, 1.0, 0.1, 1e300],
        "a": { "": null, "$set": { "b.c": true, "nul\0": "text\0" }, "$ref": "x" },
        "_v": "$$NOW",
        "empty": [[], {}, ""],
    }));
    let rows = ["1", "2"].map(|key| Row {
        key: key.into(),
        fields: fields.clone(),
    });
    let stray = Row {
        key: "3".into(),
        fields: Map::new(),
    };
    let mut put = rows.to_vec();
    put.push(stray);
    store
        .write_rows(1, Table::Findings, put, vec![])
        .await
        .unwrap();
    let gone = vec!["3".to_owned(), "4".to_owned()];
    store
        .write_rows(1, Table::Findings, vec![], gone)
        .await
        .unwrap();

    let read = store.rows(Table::Findings, None).await.unwrap();
    assert_eq!(read, rows);
    let text = |fields: &Map<String, Value>| serde_json::to_string(fields).unwrap();
    assert_eq!(text(&read[0].fields), text(&fields));
    let newest = store.rows(Table::Findings, Some(1)).await.unwrap();
    assert_eq!(newest, rows[1..]);
}
