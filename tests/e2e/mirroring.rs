//! One PyFlix as the source of another.

use crate::drop_in::{ask, field};
use e2e::{DEADLINE, Store, get, wait_until_shows};
use serde_json::{Value, json};
use testkit::process::Service;
use testkit::source::{COLLECTIONS, Catalogue, Source, film};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// The invented catalogue with this many more films, and half as many more people.
fn large(films: u32) -> Catalogue {
    let mut catalogue = Catalogue::invented();
    let person = catalogue.people[0].clone();
    catalogue.films.extend((100..100 + films).map(film));
    catalogue.people.extend((0..films / 2).map(|number| {
        let mut person = person.clone();
        person["id"] = json!(format!("9e750000-0000-4000-8000-{number:012}"));
        person["name"] = json!(format!("Person {number}"));
        person["url"] = json!(format!("https://ghibliapi.example/people/p{number}"));
        person
    }));
    catalogue
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pyflix_mirrors_a_large_catalogue_of_another_completely() {
    let source = Source::start_with(large(3000)).await;
    let url = source.url();
    let follow = async |provider: &str, max_bytes: &str| {
        let envs = [
            ("PYFLIX_PROVIDER_URLS", provider),
            ("PYFLIX_PROVIDER_MAX_BYTES", max_bytes),
            ("PYFLIX_SYNC_INTERVAL", "500ms"),
        ];
        let pyflix = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
        let last = format!(
            "{}/ghibli/films/f11a0000-0000-4000-8000-000000003099",
            pyflix.url()
        );
        wait_until_shows(&last, "Reel 3099").await;
        pyflix
    };
    let first = follow(&url, "16MiB").await;
    // The films are larger than one response may be, so they are fetched by page.
    let mirror = follow(&format!("{}/ghibli", first.url()), "1MiB").await;
    let all = async |pyflix: &Service, collection: &str| {
        let path = format!("/ghibli/{collection}");
        let (status, head, body) = ask(pyflix.url(), "GET", &path, &[]).await;
        assert_eq!(status, 200, "{head}");
        (head, String::from_utf8(body).unwrap())
    };
    for collection in COLLECTIONS {
        let (_, there) = all(&first, collection).await;
        let (head, here) = all(&mirror, collection).await;
        assert_eq!(
            here.replace(mirror.url(), first.url()),
            there,
            "{collection}"
        );
        let records: Vec<Value> = serde_json::from_str(&here).unwrap();
        assert_eq!(
            records.len(),
            source.catalogue().collection(collection).len()
        );
        let tag = field(&head, "etag").unwrap();
        let path = format!("/ghibli/{collection}");
        let (status, _, _) = ask(mirror.url(), "GET", &path, &[("If-None-Match", tag)]).await;
        assert_eq!(status, 304, "{collection}");
    }
    let (head, body) = all(&mirror, "films").await;
    assert!(
        body.len() > 2_000_000 && field(&head, "content-length").is_none(),
        "{head}"
    );

    // A changed film changes the ETag of the films, and not that of the people.
    let (before, _) = all(&mirror, "people").await;
    source.rename_film("f11a0000-0000-4000-8000-000000003099", "The Last Reel");
    let last = format!("{}/ghibli/films?title=The%20Last%20Reel", mirror.url());
    wait_until_shows(&last, "The Last Reel").await;
    let (after, _) = all(&mirror, "people").await;
    assert_eq!(field(&after, "etag"), field(&before, "etag"));
    let (renamed, _) = all(&mirror, "films").await;
    assert_ne!(field(&renamed, "etag"), field(&head, "etag"));
}

#[tokio::test]
async fn records_with_numbers_as_ids_are_returned_as_written_and_mirrored() {
    let source = Source::start_with(Catalogue::default()).await;
    let base = "https://ghibliapi.example";
    source.set(
        "films",
        vec![
            json!({"id": 3, "title": 1917, "people": [format!("{base}/people/1"), "/people/2"],
                "running_time": 119.0, "rt_score": "89%", "url": format!("{base}/films/3")}),
            json!({"id": 10, "title": "Ten", "people": [1, {"id": 2}, "2"], "seen": true}),
        ],
    );
    let people =
        |films| move |id| json!({"id": id, "name": format!("P{id}"), "films": films, "species": 1});
    source.set("people", [1, 2].map(people(json!([3, 10]).clone())).into());
    source.set("species", vec![json!({"id": 1, "name": "S"})]);
    source.set("locations", vec![json!({"id": 1, "name": "L"})]);
    source.set(
        "vehicles",
        vec![json!({"id": 1, "name": "V", "length": "12,5"})],
    );
    let (first, second) = (Store::sqlite(), Store::sqlite());
    let synced = first.command(&source.url(), &["once"]).await;
    assert_eq!(synced.code, Some(0), "{synced:?}");
    let webapp = first.webapp().await;
    let url = format!("{}/ghibli", webapp.url());
    wait_until_shows(&format!("{url}/films"), "1917").await;
    let synced = second.command(&url, &["once"]).await;
    assert_eq!(synced.code, Some(0), "{synced:?}");
    let mirror = second.webapp().await;
    let mirror_url = format!("{}/ghibli", mirror.url());
    wait_until_shows(&format!("{mirror_url}/films"), "1917").await;

    for (app, url) in [(&webapp, &url), (&mirror, &mirror_url)] {
        for collection in COLLECTIONS {
            let records = source.catalogue().collection(collection).clone();
            let written = serde_json::to_string_pretty(&records).unwrap();
            let body = get(&format!("{url}/{collection}")).await.body;
            assert_eq!(body, written.replace(base, url), "{collection}");
        }
        let ids = async |query: &str| {
            let films = get(&format!("{url}/films{query}")).await.json();
            let films = films.as_array().unwrap().clone();
            films
                .iter()
                .map(|film| film["id"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids("?id=3").await, [3]);
        assert_eq!(ids("?id_gte=4").await, [10]);
        assert_eq!(ids("?title=1917").await, [3]);
        assert_eq!(ids("?_sort=id&_order=DESC").await, [10, 3]);
        assert_eq!(ids("?seen=true").await, [10]);
        assert_eq!(get(&format!("{url}/films/3")).await.json()["title"], 1917);
        assert_eq!(get(&format!("{url}/films/4")).await.status, 404);

        let film = get(&format!("{}/api/v1/movies/3", app.url())).await.json();
        assert_eq!(film["title"], "1917");
        assert_eq!(film["running_time_minutes"], 119);
        let people = film["people"].as_array().unwrap();
        assert_eq!(people.len(), 2, "{film}");
        let findings = format!("{}/api/v1/findings", app.url());
        for found in ["a number: 1917", "a number: 119.0", "89%", "12,5"] {
            wait_until_shows(&findings, found).await;
        }
    }
}

/// Forwards requests, one after the other, and calls `before` before each with its number.
async fn forward(
    listener: TcpListener,
    to: &str,
    mut before: impl AsyncFnMut(usize),
) -> std::io::Result<()> {
    for number in 1.. {
        let (mut stream, _) = listener.accept().await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        before(number).await;
        let path = head.split(' ').nth(1).unwrap_or_default();
        let response = get(&format!("{to}{path}")).await;
        let version = response.header("x-catalogue-version").unwrap_or_default();
        let body = &response.body;
        let response = format!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\nx-catalogue-version: {version}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(response.as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_pyflix_that_publishes_between_responses_is_never_mirrored_in_two_versions() {
    let source = Source::start().await;
    let (upstream, mirror) = (Store::sqlite(), Store::sqlite());
    let synced = upstream.command(&source.url(), &["once"]).await;
    assert_eq!(synced.code, Some(0), "{synced:?}");
    let webapp = upstream.webapp().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let between = format!("http://{}/ghibli", listener.local_addr().unwrap());
    let publish = async |number| {
        if number != 3 {
            return;
        }
        source.edit(|catalogue| {
            for name in COLLECTIONS {
                let field = if name == "films" { "title" } else { "name" };
                catalogue.collection_mut(name)[0][field] = json!("Of version 2");
            }
        });
        let synced = upstream.command(&source.url(), &["once"]).await;
        assert_eq!(synced.code, Some(0), "{synced:?}");
        let films = format!("{}/ghibli/films", webapp.url());
        wait_until_shows(&films, "Of version 2").await;
    };
    let synced = tokio::select! {
        forwarded = forward(listener, webapp.url(), publish) => panic!("{forwarded:?}"),
        synced = mirror.command(&between, &["once"]) => synced,
    };
    assert_eq!(synced.code, Some(0), "{synced:?}");
    let mirror = mirror.webapp().await;
    for collection in COLLECTIONS {
        let url = format!("{}/ghibli/{collection}", mirror.url());
        let shown = wait_until_shows(&url, "Of version 2").await;
        assert_eq!(
            shown.header("x-catalogue-version"),
            Some("1"),
            "{collection}"
        );
    }
}
