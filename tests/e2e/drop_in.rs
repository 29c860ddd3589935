//! The compatible API: compared with recorded responses of the source, and as a provider.

use std::fs::read_to_string;

use e2e::{DEADLINE, Response, Store, get, wait_until_shows};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::process::Service;
use testkit::recordings;
use testkit::source::{COLLECTIONS, Catalogue, Source};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The host in the links of the source's records, its misspelt form there, and the host of the
/// recorded requests.
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
    let answers = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    Some((webapp, store, answers.collect()))
}

#[tokio::test]
async fn every_recorded_request_gets_the_recorded_response_then_and_as_of_that_version() {
    let test = "every_recorded_request_gets_the_recorded_response_then_and_as_of_that_version";
    let Some((webapp, store, answers)) = recorded(test).await else {
        return;
    };
    let compare_all = async |base: &str| {
        let mut wrong = Vec::new();
        for expected in &answers {
            let answer = get(&format!("{base}{}", expected.path)).await;
            if let Err(difference) = compare(expected, &answer, base) {
                wrong.push(format!("{}: {difference}", expected.path));
            }
        }
        assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    };
    assert!(answers.len() > 100, "{} answers", answers.len());
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

fn compare(expected: &Recorded, answer: &Response, base: &str) -> Result<(), String> {
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
        // The test kit returns heads in lower case.
        same(name, &value.to_lowercase(), found)?;
    }
    let body = serde_json::to_string_pretty(&expected.body).unwrap();
    let body = body.replace(SOURCE, base).replace(MISSPELT, base);
    same("body", &body, &answer.body)
}

/// A web app with the built-in catalogue.
async fn seed(envs: &[(&str, &str)]) -> Service {
    let webapp = Service::start_web("webapp", envs, &[], DEADLINE).await;
    wait_until_shows(&format!("{}/ghibli/films", webapp.url()), "Totoro").await;
    webapp
}

/// Sends an HTTP/1.0 request, whose response is never chunked.
pub(crate) async fn ask(
    url: &str,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> (u16, String, Vec<u8>) {
    let host = url.strip_prefix("http://").unwrap();
    let mut request = format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\n");
    for (name, value) in fields {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).unwrap().to_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, body)
}

pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn equivalent_paths_get_the_same_response() {
    let webapp = seed(&[]).await;
    let plain = get(&format!("{}/ghibli/vehicles", webapp.url())).await;
    assert_eq!(plain.json().as_array().unwrap().len(), 3);
    for path in [
        "/ghibli/vehicles/",
        "/ghibli/VEHICLES",
        "/Ghibli/Vehicles/",
        "/ghibli/vehicles?nope=1",
        // A record holds no other's id, so the source gives all of them.
        "/ghibli/films/2baf70d1-42bb-4437-b551-e5fed5a87abe/vehicles",
    ] {
        let answer = get(&format!("{}{path}", webapp.url())).await;
        assert_eq!((answer.status, &answer.body), (200, &plain.body), "{path}");
    }
    for path in [
        "/ghibli/vehicles/nope",
        "/ghibli/nope",
        "/ghibli/films/x/nope",
    ] {
        let answer = get(&format!("{}{path}", webapp.url())).await;
        assert_eq!((answer.status, &*answer.body), (404, "{}"), "{path}");
        let expected = Some("application/json; charset=utf-8");
        assert_eq!(answer.header("content-type"), expected, "{path}");
    }
    let page = get(&format!(
        "{}/Ghibli/People/?_page=2&_limit=50",
        webapp.url()
    ))
    .await;
    let first = format!(
        "<{}/ghibli/people/?_page=1&_limit=50>; rel=\"first\"",
        webapp.url()
    );
    assert!(
        page.header("link").unwrap().starts_with(&first),
        "{}",
        page.head
    );
}

#[tokio::test]
async fn the_index_and_the_whole_database_have_all_collections() {
    let webapp = seed(&[]).await;
    let base = format!("{}/ghibli", webapp.url());
    for path in ["", "/"] {
        let index = get(&format!("{base}{path}")).await;
        let db = json!({ "db": format!("{base}/db") });
        let mut expected = db.as_object().unwrap().clone();
        for name in COLLECTIONS {
            expected.insert(name.into(), format!("{base}/{name}").into());
        }
        assert_eq!(index.json(), Value::from(expected), "{path}");
        assert!(index.header("x-catalogue-version").is_some());
    }
    for path in ["/db", "/DB/?limit=1&fields=id"] {
        let db = get(&format!("{base}{path}")).await;
        let mut expected = serde_json::Map::new();
        for name in ["films", "people", "locations", "species", "vehicles"] {
            expected.insert(name.into(), get(&format!("{base}/{name}")).await.json());
        }
        let expected = serde_json::to_string_pretty(&expected).unwrap();
        assert_eq!(db.body, expected, "{path}");
        let tag = db.header("etag").unwrap();
        let (status, _, _) =
            ask(webapp.url(), "GET", "/ghibli/db", &[("If-None-Match", tag)]).await;
        assert_eq!(status, 304, "{path}");
    }
    let script = get(&format!("{base}/db?callback=f")).await;
    assert!(
        script
            .body
            .starts_with("/**/ typeof f === 'function' && f({")
    );
    assert!(script.body.ends_with("});"));
}

#[tokio::test]
async fn links_name_this_server_and_filters_accept_any_host() {
    let webapp = seed(&[("PYFLIX_PUBLIC_URL", "https://films.example/pyflix")]).await;
    let ask = async |query: &str| get(&format!("{}/ghibli/{query}", webapp.url())).await;
    let totoro = ask("films/58611129-2dbc-4a81-a72f-77ddfc1b1b49?fields=url").await;
    let url = "https://films.example/pyflix/ghibli/films/58611129-2dbc-4a81-a72f-77ddfc1b1b49";
    assert_eq!(totoro.json(), json!({ "url": url }));
    for host in [
        SOURCE,
        "https://ghibliapi.vercel.app",
        "http://localhost/x/y",
    ] {
        let link = format!("{host}/films/58611129-2dbc-4a81-a72f-77ddfc1b1b49");
        let found = ask(&format!("films?fields=title&url={link}")).await;
        assert_eq!(
            found.json(),
            json!([{ "title": "My Neighbor Totoro" }]),
            "{host}"
        );
    }
    let page = ask("films?_page=2&_limit=20").await;
    assert!(
        page.header("link")
            .unwrap()
            .contains("<https://films.example/pyflix/ghibli/films?")
    );
}

#[tokio::test]
async fn a_jsonp_callback_loses_what_cannot_be_in_a_name() {
    let webapp = seed(&[]).await;
    let ask = async |query: &str| get(&format!("{}/ghibli/{query}", webapp.url())).await;
    let answer = ask("films?limit=1&fields=title&callback=show.it").await;
    let expected = Some("text/javascript; charset=utf-8");
    assert_eq!(answer.header("content-type"), expected);
    assert_eq!(
        answer.body,
        "/**/ typeof show.it === 'function' && show.it([\n  {\n    \"title\": \"Castle in the \
         Sky\"\n  }\n]);"
    );
    let missing = ask("films/nope?callback=f").await;
    assert_eq!(missing.body, "/**/ typeof f === 'function' && f({});");
    assert_eq!(missing.status, 404);
    for (query, name) in [
        ("callback=cb[0]", "cb[0]"),
        ("callback=cb%5B0%5D.done", "cb[0].done"),
        ("callback=alert(1)", "alert1"),
        ("callback=a%3Cb%3E-c%20%C3%BC", "abc"),
        ("callback=1", "1"),
        ("callback=first&callback=second", "first"),
    ] {
        let answer = ask(&format!("films/nope?{query}")).await;
        let expected = format!("/**/ typeof {name} === 'function' && {name}({{}});");
        assert_eq!(answer.body, expected, "{query}");
    }
    for query in ["callback=", "callback=%3C%3E", "callback[a]=b"] {
        let answer = ask(&format!("films/nope?{query}")).await;
        assert_eq!(answer.body, "{}", "{query}");
    }
}

#[tokio::test]
async fn every_origin_can_read_with_credentials_and_no_other_path_allows_them() {
    let webapp = seed(&[]).await;
    // Cached, not cached because of its size or status, and an error.
    let paths = [
        "films",
        "films?_limit=3",
        "films/nope",
        "nope",
        "films?limit=-1",
    ];
    let exposed = "access-control-expose-headers";
    for path in paths.map(|path| format!("/ghibli/{path}")) {
        for origin in ["https://one.example", "http://two.example:81"].repeat(3) {
            for method in ["GET", "HEAD"] {
                let (_, head, _) = ask(webapp.url(), method, &path, &[("Origin", origin)]).await;
                let allowed = field(&head, "access-control-allow-origin");
                assert_eq!(allowed, Some(origin), "{path}");
                let credentials = field(&head, "access-control-allow-credentials");
                assert_eq!(credentials, Some("true"), "{path}");
                let vary = field(&head, "vary").unwrap();
                assert_eq!(vary.matches("origin").count(), 1, "{path}: {vary}");
                assert!(field(&head, exposed).unwrap().contains("x-total-count"));
            }
            let (_, head, _) = ask(webapp.url(), "GET", &path, &[]).await;
            assert_eq!(field(&head, "access-control-allow-origin"), None, "{path}");
            assert!(field(&head, "vary").unwrap().contains("origin"), "{path}");
        }
        let preflight = [
            ("Origin", "https://one.example"),
            ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "authorization,x-trace"),
        ];
        let (status, head, _) = ask(webapp.url(), "OPTIONS", &path, &preflight).await;
        assert_eq!(status, 204, "{path}");
        for (name, value) in [
            ("access-control-allow-origin", "https://one.example"),
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-headers", "authorization,x-trace"),
            ("access-control-allow-methods", "get, head, options"),
            ("vary", "origin, access-control-request-headers"),
        ] {
            assert_eq!(field(&head, name), Some(value), "{path} {name}");
        }
    }
    for (path, allowed) in [
        ("/api/v1/movies", Some("*")),
        ("/feed.atom", Some("*")),
        ("/movies", None),
    ] {
        for method in ["GET", "OPTIONS"] {
            let fields = [("Origin", "https://one.example")];
            let (_, head, _) = ask(webapp.url(), method, path, &fields).await;
            assert_eq!(
                field(&head, "access-control-allow-origin"),
                allowed,
                "{path}"
            );
            assert!(!head.contains("access-control-allow-credentials"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_client_that_accepts_only_json_never_gets_a_page() {
    let webapp = seed(&[]).await;
    // What a client asks for whose base URL lost its path, pages, and addresses of nothing.
    let paths = [
        "/",
        "/films",
        "/people",
        "/people/nobody",
        "/status",
        "/search?q=a",
        "/api/docs",
        "/x/y",
    ];
    for accept in ["application/json", "application/json, text/html;q=0, */*"] {
        for path in paths.iter().chain(&paths) {
            let (status, head, body) = ask(webapp.url(), "GET", path, &[("Accept", accept)]).await;
            assert_eq!(status, 404, "{path}");
            let media_type = field(&head, "content-type");
            assert_eq!(media_type, Some("application/problem+json"), "{path}");
            let problem: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem["status"], 404, "{path}");
            let (_, head, _) = ask(webapp.url(), "GET", path, &[("Accept", "*/*")]).await;
            let media_type = field(&head, "content-type");
            assert_eq!(media_type, Some("text/html; charset=utf-8"), "{path}");
            if head.contains(" 200 ") {
                assert_eq!(
                    field(&head, "vary"),
                    Some("accept-encoding, accept"),
                    "{path}"
                );
            }
        }
    }
    let (status, _, _) = ask(
        webapp.url(),
        "GET",
        "/ghibli/people",
        &[("Accept", "application/json")],
    )
    .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn every_client_can_read_and_none_can_write() {
    let webapp = seed(&[]).await;
    let path = "/ghibli/films?_limit=3";
    let (status, of_get, body) = ask(webapp.url(), "GET", path, &[]).await;
    assert_eq!((status, body.is_empty()), (200, false));
    let (status, of_head, body) = ask(webapp.url(), "HEAD", path, &[]).await;
    assert_eq!((status, body.len()), (200, 0));
    for name in ["content-type", "content-length", "etag", "x-total-count"] {
        assert_eq!(field(&of_head, name), field(&of_get, name), "{name}");
    }
    let (status, head, _) = ask(webapp.url(), "OPTIONS", path, &[]).await;
    assert_eq!(status, 204);
    assert!(
        field(&head, "access-control-allow-methods")
            .unwrap()
            .contains("get")
    );
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let (status, head, _) = ask(webapp.url(), method, path, &[]).await;
        assert_eq!(status, 405, "{method}");
        assert_eq!(
            field(&head, "allow"),
            Some("get, head, options"),
            "{method}"
        );
    }
    let tag = field(&of_get, "etag").unwrap();
    let (status, _, body) = ask(webapp.url(), "GET", path, &[("If-None-Match", tag)]).await;
    assert_eq!((status, body.len()), (304, 0));
}

#[tokio::test]
async fn requests_that_crash_the_source_get_a_400_with_the_reason() {
    let webapp = seed(&[]).await;
    let many = "a=1&".repeat(60);
    let long = format!("title={}", "x".repeat(3000));
    for (query, why) in [
        ("limit=-1", "limit"),
        ("limit=abc", "limit"),
        ("fields=a&fields=b", "fields"),
        ("q=a&q=b", "q may be given only once"),
        ("title_like=(", "title_like"),
        ("title_like=(?=x)", "uses look-ahead"),
        ("title_like=(a)%5C1", "uses a back-reference"),
        ("title_like=((a%7B99%7D)%7B99%7D)%7B99%7D", "too complex"),
        ("_expand=film", "_expand"),
        (&many, "parameters"),
        (&long, "bytes"),
    ] {
        let answer = get(&format!("{}/ghibli/films?{query}", webapp.url())).await;
        assert_eq!(answer.status, 400, "{query}");
        let problem = answer.json();
        assert!(
            problem["detail"].as_str().unwrap().contains(why),
            "{query}: {problem}"
        );
    }
}
