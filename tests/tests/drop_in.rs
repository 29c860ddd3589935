//! The compatible API against the source's own recorded answers, and as a provider of others.

#![expect(clippy::unwrap_used, reason = "it fails the test")]

use std::fs::read_to_string;

use e2e::{Answer, Store, get, until_it_says};
use serde::Deserialize;
use serde_json::Value;
use testkit::process::Service;
use testkit::shared;
use testkit::source::{Catalogue, Source};

/// The host in the links of the source's records, and the one that was asked when its answers
/// were recorded.
const SOURCE: &str = "https://ghibliapi.herokuapp.com";
const MISSPELT: &str = "htps://ghibliapi.herokuapp.com";
const ASKED: &str = "http://127.0.0.1:3901";

#[derive(Deserialize)]
struct Recorded {
    path: String,
    status: u16,
    headers: std::collections::BTreeMap<String, String>,
    body: Value,
}

/// A web app over the source's own data, and what the source was heard to answer.
async fn recorded(test: &str) -> Option<(Service, Store, Vec<Recorded>)> {
    let folder = shared::folder_or_skip(test)?;
    let data = read_to_string(folder.join("data.json")).unwrap();
    let data: Catalogue = serde_json::from_str(&data).unwrap();
    let source = Source::start_with(data).await;
    let store = Store::sqlite();
    let synced = store.command(&source.url(), &["once"]).await;
    assert_eq!(synced.code, Some(0), "{synced:?}");
    let webapp = store.webapp().await;
    until_it_says(&format!("{}/ghibli/films", webapp.url()), "Totoro").await;
    let lines = read_to_string(folder.join("recorded.jsonl")).unwrap();
    let answers = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    Some((webapp, store, answers.collect()))
}

#[tokio::test]
async fn every_recorded_question_is_answered_as_the_source_answered_it() {
    let test = "every_recorded_question_is_answered_as_the_source_answered_it";
    let Some((webapp, _store, answers)) = recorded(test).await else {
        return;
    };
    let base = format!("{}/ghibli", webapp.url());
    let mut wrong = Vec::new();
    for expected in &answers {
        let answer = get(&format!("{base}{}", expected.path)).await;
        if let Err(difference) = compare(expected, &answer, &base) {
            wrong.push(format!("{}: {difference}", expected.path));
        }
    }
    assert!(answers.len() > 100, "{} answers", answers.len());
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

fn compare(expected: &Recorded, answer: &Answer, base: &str) -> Result<(), String> {
    let same = |what: &str, expected: &str, found: &str| {
        (expected == found)
            .then_some(())
            .ok_or_else(|| format!("{what}: expected {expected}\nfound {found}"))
    };
    if expected.status == 500 {
        same("status", "400", &answer.status.to_string())?;
        let problem = "application/problem+json";
        return same(
            "type",
            problem,
            answer.header("content-type").unwrap_or_default(),
        );
    }
    same(
        "status",
        &expected.status.to_string(),
        &answer.status.to_string(),
    )?;
    for (name, value) in &expected.headers {
        let value = value.replace(ASKED, base);
        let found = answer.header(name).unwrap_or("nothing");
        // The kit reads a head in lower case.
        same(name, &value.to_lowercase(), found)?;
    }
    let body = serde_json::to_string_pretty(&expected.body).unwrap();
    let body = body.replace(SOURCE, base).replace(MISSPELT, base);
    same("body", &body, &answer.body)
}
