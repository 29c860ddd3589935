//! Bad responses of a source: none changes the pages, and each is named.

use e2e::{Store, get, wait_until_shows};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use testkit::source::{Fault, Source, film};

const CONCURRENCY: usize = 6;

const HELD: i32 = 3;
const FAILED: i32 = 1;

/// A change of the source, and the exit code and message of a sync.
struct BadResponse {
    name: &'static str,
    apply: fn(&Source),
    exits: i32,
    says: &'static str,
}

const fn bad_response(
    name: &'static str,
    exits: i32,
    says: &'static str,
    apply: fn(&Source),
) -> BadResponse {
    BadResponse {
        name,
        apply,
        exits,
        says,
    }
}

fn edit(source: &Source, collection: &str, change: impl Fn(usize, &mut Value)) {
    source.edit(|catalogue| {
        let records = catalogue.collection_mut(collection).iter_mut();
        records
            .enumerate()
            .for_each(|(number, record)| change(number, record));
    });
}

fn half(source: &Source, collection: &str) {
    let records = source.catalogue().collection(collection).clone();
    source.set(collection, records[..records.len() / 2].to_vec());
}

const BAD_RESPONSES: [BadResponse; 37] = [
    bad_response("no films", HELD, "fuse_empty", |s| s.set("films", vec![])),
    bad_response("no vehicles", HELD, "fuse_empty", |s| {
        s.misbehave("vehicles", Fault::Empty)
    }),
    bad_response("nothing at all", HELD, "fuse_empty", |s| {
        s.misbehave_everywhere(Fault::Empty)
    }),
    bad_response("half the films", HELD, "fuse_lost", |s| half(s, "films")),
    bad_response("half the people", HELD, "fuse_lost", |s| half(s, "people")),
    bad_response("other films under the old ids", HELD, "fuse_lost", |s| {
        edit(s, "films", |number, record| {
            for field in [
                "title",
                "original_title",
                "original_title_romanised",
                "director",
                "producer",
                "description",
                "image",
                "movie_banner",
            ] {
                record[field] = format!("Another {number}").into();
            }
        });
    }),
    bad_response("all films under new ids", HELD, "fuse_lost", |s| {
        edit(s, "films", |number, record| {
            record["id"] = format!("new-{number}").into()
        });
    }),
    bad_response("blank directors", HELD, "fuse_blanked", |s| {
        edit(s, "films", |_, record| record["director"] = "".into());
    }),
    bad_response("descriptions of null", HELD, "fuse_", |s| {
        edit(s, "films", |_, record| record["description"] = Value::Null);
    }),
    bad_response("no people in any film", HELD, "fuse_blanked", |s| {
        edit(s, "films", |_, record| record["people"] = json!([]));
    }),
    bad_response("empty addresses", HELD, "fuse_blanked", |s| {
        edit(s, "people", |_, record| record["url"] = "".into());
    }),
    bad_response("a field less", HELD, "fuse_blanked", |s| {
        edit(s, "films", |_, record| {
            record.as_object_mut().unwrap().remove("url");
        });
    }),
    bad_response("one null for four films", HELD, "fuse_lost", |s| {
        s.edit(|catalogue| {
            catalogue.films.drain(..4);
            catalogue.films.push(Value::Null);
        });
    }),
    bad_response("unreadable scores", HELD, "fuse_blanked", |s| {
        edit(s, "films", |_, record| {
            record["rt_score"] = "very good".into()
        });
    }),
    bad_response("placeholders for producers", HELD, "fuse_blanked", |s| {
        edit(s, "films", |_, record| record["producer"] = "TODO".into());
    }),
    bad_response("titles that are objects", HELD, "fuse_unreadable", |s| {
        edit(s, "films", |_, record| {
            record["title"] = json!({ "en": "A title" })
        });
    }),
    bad_response("empty titles", HELD, "fuse_unreadable", |s| {
        edit(s, "films", |_, record| record["title"] = "".into());
    }),
    bad_response("empty ids", HELD, "fuse_unreadable", |s| {
        edit(s, "films", |_, record| record["id"] = "".into());
    }),
    bad_response("ids that are numbers", HELD, "fuse_", |s| {
        edit(s, "films", |number, record| record["id"] = number.into());
    }),
    bad_response("numbers for records", HELD, "fuse_unreadable", |s| {
        edit(s, "films", |number, record| *record = number.into());
    }),
    bad_response("one film twice", HELD, "fuse_duplicates", |s| {
        s.edit(|catalogue| {
            let first = catalogue.films[0].clone();
            catalogue.films.push(first);
        });
    }),
    bad_response("one id for all films", HELD, "fuse_duplicates", |s| {
        edit(s, "films", |_, record| record["id"] = "the-same".into());
    }),
    bad_response("an HTML page", FAILED, "an HTML page", |s| {
        s.misbehave("people", Fault::Html)
    }),
    bad_response("an empty body", FAILED, "the response is empty", |s| {
        s.misbehave("films", Fault::Blank)
    }),
    bad_response(
        "an object for a list",
        FAILED,
        "expected a JSON list",
        |s| {
            s.misbehave("films", Fault::Body(r#"{"error":"none"}"#.into()));
        },
    ),
    bad_response("half a body", FAILED, "was cut off", |s| {
        s.misbehave("films", Fault::Truncated)
    }),
    bad_response("half a list", FAILED, "not valid JSON", |s| {
        s.misbehave("films", Fault::BadJson)
    }),
    bad_response("bad UTF-8", FAILED, "not valid UTF-8", |s| {
        s.misbehave("films", Fault::BadUtf8)
    }),
    bad_response("bad gzip", FAILED, "cannot be decoded", |s| {
        s.misbehave("films", Fault::BadGzip)
    }),
    bad_response("pages without end", FAILED, "PROVIDER_MAX_BYTES", |s| {
        s.misbehave("films", Fault::Flood)
    }),
    bad_response("a bomb", FAILED, "is larger than", |s| {
        s.misbehave("films", Fault::Bomb)
    }),
    bad_response("200,000 brackets", HELD, "fuse_unreadable", |s| {
        s.misbehave("films", Fault::Nested)
    }),
    bad_response("a redirect without end", FAILED, "redirect refused", |s| {
        s.misbehave("films", Fault::RedirectLoop);
    }),
    bad_response("a redirect to a file", FAILED, "films", |s| {
        s.misbehave("films", Fault::RedirectTo("file:///etc/passwd".into()));
    }),
    bad_response(
        "a redirect elsewhere",
        FAILED,
        "not a configured source",
        |s| {
            s.misbehave(
                "films",
                Fault::RedirectTo("http://127.0.0.1:9/films".into()),
            );
        },
    ),
    bad_response("silence", FAILED, "no data for", |s| {
        s.misbehave("films", Fault::Stall)
    }),
    bad_response("429", FAILED, "429", |s| {
        s.misbehave(
            "films",
            Fault::RetryAfter {
                status: 429,
                after: "120".into(),
            },
        );
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_bad_response_changes_the_pages_and_each_is_named() {
    let wrong: Vec<String> = stream::iter(BAD_RESPONSES)
        .map(try_response)
        .buffer_unordered(CONCURRENCY)
        .filter_map(async |wrong| wrong)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A description of the failure, if there is one.
async fn try_response(bad_response: BadResponse) -> Option<String> {
    let (store, source) = (Store::sqlite(), Source::start().await);
    for number in 1..=8 {
        source.add_film(film(number));
    }
    let good = source.catalogue();
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let webapp = store.webapp().await;
    let films = format!("{}/ghibli/films", webapp.url());
    let before = wait_until_shows(&films, "The Lantern Ferry").await.body;

    (bad_response.apply)(&source);
    let end = store.command(&source.url(), &["once"]).await;
    let after = get(&films).await;
    let history = store.command(&source.url(), &["history", "--json"]).await;
    let history: Value = serde_json::from_str(&history.stdout).unwrap();

    source.behave();
    source.edit(|catalogue| *catalogue = good);
    let well = store.command(&source.url(), &["once"]).await;

    let right = end.code == Some(bad_response.exits)
        && end.stderr.contains(bad_response.says)
        && end.stderr.trim().lines().count() == 1
        && after.body == before
        && after.header("x-catalogue-version") == Some("1")
        && history["versions"].as_array().unwrap().len() == 1
        && well.stdout.contains("unchanged");
    (!right).then(|| format!("{}: {end:?}, then {well:?}", bad_response.name))
}
