//! The drop-in API: compared with recorded responses of the source, and as a provider.

mod access;
mod recorded_responses;

use e2e::{DEADLINE, get, python_client, wait_until_shows};
use serde_json::{Value, json};
use testkit::process::Service;
use testkit::source::COLLECTIONS;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The host in the links of the source's records.
const SOURCE: &str = "https://ghibliapi.herokuapp.com";

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

#[tokio::test(flavor = "multi_thread")]
async fn a_published_client_of_the_source_reads_every_record_and_follows_its_links() {
    let test = "a_published_client_of_the_source_reads_every_record_and_follows_its_links";
    let webapp = seed(&[]).await;
    let address = format!("{}/ghibli", webapp.url());
    let script = "drop_in/anime_client.py";
    let Some(read) = python_client::run(test, "anime-api", script, &address).await else {
        return;
    };
    assert_eq!(read["animes"].as_array().map(Vec::len), Some(22), "{read}");
    assert_eq!(read["romaji"], "Tenkū no shiro Rapyuta");
    assert_eq!(read["score"], 95);
    // The client asks for at most 50.
    assert_eq!(read["counts"], json!([50, 25, 7, 3]));
    assert_eq!(read["again"], read["first"]);
    assert_eq!(read["vehicles"], json!(["Air Destroyer Goliath"]));
    for (field, name) in [
        ("people", "Pazu"),
        ("locations", "Gondoa"),
        ("species", "Human"),
    ] {
        let names = read[field].as_array().unwrap();
        assert!(names.contains(&name.into()), "{field}: {read}");
    }
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
        let response = get(&format!("{}{path}", webapp.url())).await;
        assert_eq!(
            (response.status, &response.body),
            (200, &plain.body),
            "{path}"
        );
    }
    for path in [
        "/ghibli/vehicles/nope",
        "/ghibli/nope",
        "/ghibli/films/x/nope",
    ] {
        let response = get(&format!("{}{path}", webapp.url())).await;
        assert_eq!((response.status, &*response.body), (404, "{}"), "{path}");
        let expected = Some("application/json; charset=utf-8");
        assert_eq!(response.header("content-type"), expected, "{path}");
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
    let response = ask("films?limit=1&fields=title&callback=show.it").await;
    let expected = Some("text/javascript; charset=utf-8");
    assert_eq!(response.header("content-type"), expected);
    assert_eq!(
        response.body,
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
        let response = ask(&format!("films/nope?{query}")).await;
        let expected = format!("/**/ typeof {name} === 'function' && {name}({{}});");
        assert_eq!(response.body, expected, "{query}");
    }
    for query in ["callback=", "callback=%3C%3E", "callback[a]=b"] {
        let response = ask(&format!("films/nope?{query}")).await;
        assert_eq!(response.body, "{}", "{query}");
    }
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
        let response = get(&format!("{}/ghibli/films?{query}", webapp.url())).await;
        assert_eq!(response.status, 400, "{query}");
        let problem = response.json();
        assert!(
            problem["detail"].as_str().unwrap().contains(why),
            "{query}: {problem}"
        );
    }
}
