//! The recorded responses of the source.

use std::fs::read_to_string;

use e2e::{Response, Store};
use serde::Deserialize;
use testkit::recordings;
use testkit::source::{Catalogue, Source};

use super::*;

/// The misspelt host in some links of the source's records.
const MISSPELT: &str = "htps://ghibliapi.herokuapp.com";
/// The host of the recorded requests.
const RECORDED_HOST: &str = "http://127.0.0.1:3901";

#[derive(Deserialize)]
struct Recorded {
    path: String,
    status: u16,
    headers: std::collections::BTreeMap<String, String>,
    body: Value,
}

/// A web app with the source's own data, and the recorded responses.
async fn recorded(test: &str) -> Option<(Service, Store, Vec<Recorded>)> {
    let folder = recordings::folder_or_skip(test)?;
    let data = read_to_string(folder.join("data.json")).unwrap();
    let data: Catalogue = serde_json::from_str(&data).unwrap();
    let source = Source::start_with(data).await;
    let store = Store::sqlite();
    let synced = store.command(&source.url(), &["once"]).await;
    assert_eq!(synced.code, Some(0), "{synced:?}");
    let webapp = store.webapp().await;
    wait_until_shows(&format!("{}/ghibli/films", webapp.url()), "Totoro").await;
    let lines = read_to_string(folder.join("recorded.jsonl")).unwrap();
    let responses = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    Some((webapp, store, responses.collect()))
}

#[tokio::test]
async fn every_recorded_request_gets_the_recorded_response_then_and_as_of_that_version() {
    let test = "every_recorded_request_gets_the_recorded_response_then_and_as_of_that_version";
    let Some((webapp, store, responses)) = recorded(test).await else {
        return;
    };
    let compare_all = async |base: &str| {
        let mut wrong = Vec::new();
        for expected in &responses {
            let response = get(&format!("{base}{}", expected.path)).await;
            if let Err(difference) = compare(expected, &response, base) {
                wrong.push(format!("{}: {difference}", expected.path));
            }
        }
        assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    };
    assert!(responses.len() > 100, "{} responses", responses.len());
    compare_all(&format!("{}/ghibli", webapp.url())).await;

    let folder = recordings::folder_or_skip(test).unwrap();
    let data = read_to_string(folder.join("data.json")).unwrap();
    let mut data: Catalogue = serde_json::from_str(&data).unwrap();
    for (place, film) in data.films.iter_mut().enumerate() {
        film["title"] = json!(format!("Reel {place}"));
    }
    data.vehicles.push(data.vehicles[0].clone());
    let added = data.vehicles.last_mut().unwrap();
    added["id"] = json!("0e750000-0000-4000-8000-000000000000");
    added["url"] = json!(format!(
        "{SOURCE}/vehicles/0e750000-0000-4000-8000-000000000000"
    ));
    let source = Source::start_with(data).await;
    let synced = store.command(&source.url(), &["once"]).await;
    assert_eq!(synced.code, Some(0), "{synced:?}");
    wait_until_shows(&format!("{}/ghibli/films", webapp.url()), "Reel 3").await;
    compare_all(&format!("{}/versions/1/ghibli", webapp.url())).await;
}

fn compare(expected: &Recorded, response: &Response, base: &str) -> Result<(), String> {
    let same = |what: &str, expected: &str, found: &str| {
        (expected == found)
            .then_some(())
            .ok_or_else(|| format!("{what}: expected {expected}\nfound {found}"))
    };
    if expected.status == 500 {
        same("status", "400", &response.status.to_string())?;
        let problem = "application/problem+json";
        return same(
            "type",
            problem,
            response.header("content-type").unwrap_or_default(),
        );
    }
    same(
        "status",
        &expected.status.to_string(),
        &response.status.to_string(),
    )?;
    for (name, value) in &expected.headers {
        let value = value.replace(RECORDED_HOST, base);
        let found = response.header(name).unwrap_or("nothing");
        // The test kit returns heads in lower case.
        same(name, &value.to_lowercase(), found)?;
    }
    let body = serde_json::to_string_pretty(&expected.body).unwrap();
    let body = body.replace(SOURCE, base).replace(MISSPELT, base);
    same("body", &body, &response.body)
}
