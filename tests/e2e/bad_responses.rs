//! Thirty lies of a source: none changes what readers see, and each is named.

use std::time::{Duration, Instant};

use crate::support::{Store, get, until_it_says};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use testkit::source::{Fault, Source, film};

/// The longest that a sync may take whatever the source does: an answer's 20 s, the programs'
/// start, and the other lies beside it.
const LONGEST: Duration = Duration::from_secs(45);
const AT_ONCE: usize = 6;

const HELD: i32 = 3;
const FAILED: i32 = 1;

/// What a source does, how a sync of it exits, and what it says.
struct Lie {
    what: &'static str,
    tell: fn(&Source),
    exits: i32,
    says: &'static str,
}

const fn lie(what: &'static str, exits: i32, says: &'static str, tell: fn(&Source)) -> Lie {
    Lie {
        what,
        tell,
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

const LIES: [Lie; 37] = [
    lie("no films", HELD, "fuse_empty", |s| s.set("films", vec![])),
    lie("no vehicles", HELD, "fuse_empty", |s| {
        s.misbehave("vehicles", Fault::Empty)
    }),
    lie("nothing at all", HELD, "fuse_empty", |s| {
        s.misbehave_everywhere(Fault::Empty)
    }),
    lie("half the films", HELD, "fuse_lost", |s| half(s, "films")),
    lie("half the people", HELD, "fuse_lost", |s| half(s, "people")),
    lie("other films under the old ids", HELD, "fuse_lost", |s| {
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
    lie("all films under new ids", HELD, "fuse_lost", |s| {
        edit(s, "films", |number, record| {
            record["id"] = format!("new-{number}").into()
        });
    }),
    lie("blank directors", HELD, "fuse_blanked", |s| {
        edit(s, "films", |_, record| record["director"] = "".into());
    }),
    lie("descriptions of null", HELD, "fuse_", |s| {
        edit(s, "films", |_, record| record["description"] = Value::Null);
    }),
    lie("no people in any film", HELD, "fuse_blanked", |s| {
        edit(s, "films", |_, record| record["people"] = json!([]));
    }),
    lie("empty addresses", HELD, "fuse_blanked", |s| {
        edit(s, "people", |_, record| record["url"] = "".into());
    }),
    lie("a field less", HELD, "fuse_blanked", |s| {
        edit(s, "films", |_, record| {
            record.as_object_mut().unwrap().remove("url");
        });
    }),
    lie("one null for four films", HELD, "fuse_lost", |s| {
        s.edit(|catalogue| {
            catalogue.films.drain(..4);
            catalogue.films.push(Value::Null);
        });
    }),
    lie("unreadable scores", HELD, "fuse_blanked", |s| {
        edit(s, "films", |_, record| {
            record["rt_score"] = "very good".into()
        });
    }),
    lie("placeholders for producers", HELD, "fuse_blanked", |s| {
        edit(s, "films", |_, record| record["producer"] = "TODO".into());
    }),
    lie("titles that are objects", HELD, "fuse_unreadable", |s| {
        edit(s, "films", |_, record| {
            record["title"] = json!({ "en": "A title" })
        });
    }),
    lie("empty titles", HELD, "fuse_unreadable", |s| {
        edit(s, "films", |_, record| record["title"] = "".into());
    }),
    lie("empty ids", HELD, "fuse_unreadable", |s| {
        edit(s, "films", |_, record| record["id"] = "".into());
    }),
    lie("ids that are numbers", HELD, "fuse_", |s| {
        edit(s, "films", |number, record| record["id"] = number.into());
    }),
    lie("numbers for records", HELD, "fuse_unreadable", |s| {
        edit(s, "films", |number, record| *record = number.into());
    }),
    lie("one film twice", HELD, "fuse_duplicates", |s| {
        s.edit(|catalogue| {
            let first = catalogue.films[0].clone();
            catalogue.films.push(first);
        });
    }),
    lie("one id for all films", HELD, "fuse_duplicates", |s| {
        edit(s, "films", |_, record| record["id"] = "the-same".into());
    }),
    lie("an HTML page", FAILED, "an HTML page", |s| {
        s.misbehave("people", Fault::Html)
    }),
    lie("an empty body", FAILED, "the response is empty", |s| {
        s.misbehave("films", Fault::Blank)
    }),
    lie(
        "an object for a list",
        FAILED,
        "expected a JSON list",
        |s| {
            s.misbehave("films", Fault::Body(r#"{"error":"none"}"#.into()));
        },
    ),
    lie("half a body", FAILED, "was cut off", |s| {
        s.misbehave("films", Fault::Truncated)
    }),
    lie("half a list", FAILED, "not valid JSON", |s| {
        s.misbehave("films", Fault::BadJson)
    }),
    lie("bad UTF-8", FAILED, "not valid UTF-8", |s| {
        s.misbehave("films", Fault::BadUtf8)
    }),
    lie("bad gzip", FAILED, "cannot be decoded", |s| {
        s.misbehave("films", Fault::BadGzip)
    }),
    lie("pages without end", FAILED, "PROVIDER_MAX_BYTES", |s| {
        s.misbehave("films", Fault::Flood)
    }),
    lie("a bomb", FAILED, "is larger than", |s| {
        s.misbehave("films", Fault::Bomb)
    }),
    lie("200,000 brackets", HELD, "fuse_unreadable", |s| {
        s.misbehave("films", Fault::Nested)
    }),
    lie("a redirect without end", FAILED, "redirect refused", |s| {
        s.misbehave("films", Fault::RedirectLoop);
    }),
    lie("a redirect to a file", FAILED, "films", |s| {
        s.misbehave("films", Fault::RedirectTo("file:///etc/passwd".into()));
    }),
    lie(
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
    lie("silence", FAILED, "no data for", |s| {
        s.misbehave("films", Fault::Stall)
    }),
    lie("429", FAILED, "429", |s| {
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
async fn no_lie_of_the_source_changes_what_readers_see_and_each_is_named() {
    let wrong: Vec<String> = stream::iter(LIES)
        .map(tried)
        .buffer_unordered(AT_ONCE)
        .filter_map(async |wrong| wrong)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What went wrong with a lie, if anything did.
async fn tried(lie: Lie) -> Option<String> {
    let (store, source) = (Store::sqlite(), Source::start().await);
    for number in 1..=8 {
        source.add_film(film(number));
    }
    let good = source.catalogue();
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let webapp = store.webapp().await;
    let films = format!("{}/ghibli/films", webapp.url());
    let before = until_it_says(&films, "The Lantern Ferry").await.body;

    (lie.tell)(&source);
    let started = Instant::now();
    let end = store.command(&source.url(), &["once"]).await;
    let took = started.elapsed();
    let after = get(&films).await;
    let history = store.command(&source.url(), &["history", "--json"]).await;
    let history: Value = serde_json::from_str(&history.stdout).unwrap();

    source.behave();
    source.edit(|catalogue| *catalogue = good);
    let well = store.command(&source.url(), &["once"]).await;

    let right = end.code == Some(lie.exits)
        && end.stderr.contains(lie.says)
        && end.stderr.trim().lines().count() == 1
        && took < LONGEST
        && after.body == before
        && after.header("x-catalogue-version") == Some("1")
        && history["versions"].as_array().unwrap().len() == 1
        && well.stdout.contains("unchanged");
    (!right).then(|| format!("{}: after {took:?} {end:?}, then {well:?}", lie.what))
}
