//! The drop-in API beside the source's own server, whose answers were recorded.

use e2e::{DEADLINE, Store, get, until_it_says};
use serde_json::Value;
use testkit::process::Service;
use testkit::source::{Catalogue, Source, film};

/// The host in the source's links, once with a typing error of its own.
const HOSTS: [&str; 2] = [
    "https://ghibliapi.herokuapp.com",
    "htps://ghibliapi.herokuapp.com",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_question_is_answered_as_the_source_did() {
    let name = "every_recorded_question_is_answered_as_the_source_did";
    let Some(folder) = testkit::shared::folder_or_skip(name) else {
        return;
    };
    let data = std::fs::read_to_string(folder.join("data.json")).unwrap();
    let source = Source::start_with(serde_json::from_str(&data).unwrap()).await;
    let (_store, webapp) = served(&source).await;
    let here = format!("{}/ghibli", webapp.url());

    let recorded = std::fs::read_to_string(folder.join("recorded.jsonl")).unwrap();
    let mut wrong = Vec::new();
    for line in recorded.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let path = record["path"].as_str().unwrap();
        let answer = get(&format!("{here}{path}")).await;
        if record["status"] == 500 {
            if answer.status != 400 {
                wrong.push(format!("{path}: {}", answer.status));
            }
            continue;
        }
        let body = placeless(&answer.body, &[&here]);
        let expected = serde_json::to_string_pretty(&record["body"]).unwrap();
        if record["status"] != answer.status || body != placeless(&expected, &HOSTS) {
            wrong.push(format!(
                "{path}: {} {body}\ninstead of {expected}",
                answer.status
            ));
        }
        for (header, value) in record["headers"].as_object().unwrap() {
            let value = placeless(value.as_str().unwrap(), &["http://127.0.0.1:3901"]);
            let found = answer.header(header).unwrap_or_default();
            if placeless(found, &[&here]).to_lowercase() != value.to_lowercase() {
                wrong.push(format!("{path}: {header} is {found}, not {value}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_source_breaks_at_is_told_what_is_wrong() {
    let source = Source::start().await;
    let (_store, webapp) = served(&source).await;
    for (question, told) in [
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=1&limit=2", "limit"),
        ("title_like=(", "title_like"),
        ("title_like=(?=a)", "title_like"),
        ("callback=alert(1)", "callback"),
        ("_expand=film", "_expand"),
        ("q=a&q=b", "q may be given once"),
    ] {
        let answer = get(&format!("{}/ghibli/films?{question}", webapp.url())).await;
        assert_eq!(answer.status, 400, "{question}");
        assert!(
            answer.head.contains("application/problem+json"),
            "{question}"
        );
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(told), "{question}: {detail}");
    }
    let nothing = get(&format!("{}/ghibli/nowhere", webapp.url())).await;
    assert_eq!((nothing.status, nothing.body.as_str()), (404, "{}"));
    let script = get(&format!(
        "{}/ghibli/films?callback=a.b&limit=0",
        webapp.url()
    ))
    .await;
    assert_eq!(script.body, "/**/ typeof a.b === 'function' && a.b([]);");
    assert!(script.head.contains("content-type: text/javascript"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pyflix_mirrors_another_however_large() {
    let mut catalogue = Catalogue::invented();
    catalogue.films.extend((0..4_000).map(film));
    let source = Source::start_with(catalogue).await;
    let (_store, first) = served(&source).await;
    let provider = format!("{}/ghibli", first.url());
    let envs = [("PYFLIX_PROVIDER_URLS", provider.as_str())];
    let second = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    until_it_says(
        &format!("{}/ghibli/films?title=Reel%203999", second.url()),
        "Reel 3999",
    )
    .await;

    for collection in testkit::source::COLLECTIONS {
        let [there, here] = [&first, &second].map(|app| format!("{}/ghibli", app.url()));
        let original = get(&format!("{there}/{collection}")).await.body;
        let mirrored = get(&format!("{here}/{collection}")).await.body;
        let (original, mirrored) = (
            placeless(&original, &[&there]),
            placeless(&mirrored, &[&here]),
        );
        assert!(original.len() > 100, "{collection}: {original}");
        assert!(original == mirrored, "{collection} differs");
    }
}

/// A web app that serves what the source has.
async fn served(source: &Source) -> (Store, Service) {
    let store = Store::sqlite();
    let synced = store.command(&source.url(), &["once"]).await;
    assert_eq!(synced.code, Some(0), "{}", synced.stderr);
    let webapp = store.webapp().await;
    let title = source.catalogue().titles().remove(0);
    until_it_says(&format!("{}/ghibli/films?limit=1", webapp.url()), &title).await;
    (store, webapp)
}

fn placeless(text: &str, places: &[&str]) -> String {
    let mut text = text.to_owned();
    for place in places {
        text = text.replace(place, "HERE");
    }
    text
}
