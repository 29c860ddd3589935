//! Links lead to the address that people use: below a path, behind proxies, on a listener that has
//! only the drop-in.

mod ghibli_listener;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use e2e::{DEADLINE, Store, get, start_app, start_mirror, wait_until_shows};
use serde_json::{Value, json};
use testkit::browser::Browser;
use testkit::eventually;
use testkit::http::Response;
use testkit::process::{Service, Signal, run_to_end};
use testkit::reverse_proxy::{Location, ReverseProxy};
use testkit::skips::skip;
use testkit::source::Source;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PUBLIC: &str = "https://films.example/pyflix";

/// A web app with the built-in catalogue, which never changes.
async fn app(envs: &[(&str, &str)]) -> Service {
    let app = Service::start_web("webapp", envs, &[], DEADLINE).await;
    wait_until_shows(app.url(), "Welcome to PyFlix WebApp!").await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_on_every_page_is_below_the_path_of_the_public_url() {
    let app = app(&[("PYFLIX_PUBLIC_URL", PUBLIC)]).await;
    let mut open = vec![
        "/pyflix".to_owned(),
        "/pyflix/search?q=totoro".into(),
        "/pyflix/movies?sort=-year".into(),
        "/pyflix/nothing/here".into(),
    ];
    let mut seen = BTreeSet::new();
    let mut pages = 0;
    while let Some(path) = open.pop() {
        let response = get(&format!("{}{path}", app.url())).await;
        // Examples of the API reference name a version that the built-in catalogue does not have.
        let is_missing = path.ends_with("/nothing/here") || path.contains("/api/v1/versions/");
        assert!(
            is_missing || response.status < 400,
            "{path}: {}",
            response.head
        );
        if let Some(to) = response.header("location") {
            assert!(to.starts_with("/pyflix/"), "{path}: {to}");
        }
        let media_type = response.header("content-type").unwrap_or_default();
        if !media_type.starts_with("text/html") {
            continue;
        }
        pages += 1;
        // The same page, if the proxy has removed the prefix.
        let stripped = path.strip_prefix("/pyflix").unwrap();
        if !is_missing {
            let both = [path.as_str(), stripped].map(|path| format!("{}{path}", app.url()));
            let are_equal = async || get(&both[0]).await.body == get(&both[1]).await.body;
            // The status can change between the two requests.
            eventually(DEADLINE, are_equal).await;
        }
        for name in ["href", "src", "action"] {
            for address in response.body.split(&format!(" {name}=\"")).skip(1) {
                let address = address.split('"').next().unwrap().replace("&#38;", "&");
                let is_elsewhere = address.starts_with('#') || address.starts_with("https://");
                assert!(
                    is_elsewhere || address.starts_with("/pyflix/"),
                    "{path}: {address}"
                );
                let file = address.split(['?', '#']).next().unwrap().to_owned();
                if !is_elsewhere && seen.insert(file) {
                    open.push(address);
                }
            }
        }
    }
    assert!(pages > 120, "{pages} pages");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_response_is_below_the_path_of_the_public_url() {
    let app = app(&[("PYFLIX_PUBLIC_URL", PUBLIC)]).await;
    for prefix in ["", "/pyflix"] {
        let ask = async |path: &str| get(&format!("{}{prefix}{path}", app.url())).await;
        let feed = ask("/feed.atom").await.body;
        assert!(
            feed.contains(&format!("href=\"{PUBLIC}/changes\"")),
            "{feed}"
        );
        assert!(!feed.contains("127.0.0.1"));
        let document = ask("/api/v1/openapi.json").await.json();
        assert_eq!(document["servers"], json!([{ "url": PUBLIC }]));
        let list = ask("/api/v1/movies?per_page=1").await;
        assert!(
            list.header("link")
                .unwrap()
                .contains(&format!("<{PUBLIC}/api/v1/movies?"))
        );
        let films = ask("/ghibli/films?limit=1&fields=url").await.json();
        assert!(
            films[0]["url"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{PUBLIC}/ghibli/films/"))
        );
        let page = ask("/ghibli/films?_page=1&_limit=5").await;
        assert!(
            page.header("link")
                .unwrap()
                .contains(&format!("<{PUBLIC}/ghibli/films?"))
        );
        let suggested = ask("/search/suggest?q=toto").await.json();
        assert!(
            suggested[0]["href"]
                .as_str()
                .unwrap()
                .starts_with("/pyflix/")
        );
        for path in ["/api/v1/missing", "/api/v1/movies", "/ghibli/films"] {
            let problem = ask(&format!("{path}?per_page=0&title_like=(")).await;
            assert_eq!(problem.json()["instance"], format!("/pyflix{path}"));
        }
        let random = ask("/movies/random").await;
        assert!(
            random
                .header("location")
                .unwrap()
                .starts_with("/pyflix/movies/")
        );
        let robots = ask("/robots.txt").await.body;
        assert!(robots.contains("\nDisallow: /pyflix/search\n"), "{robots}");
        for path in ["/favicon.ico", "/favicon.svg", "/healthz", "/readyz"] {
            assert_eq!(ask(path).await.status, 200, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_uses_the_site_below_a_path_that_the_proxy_removes() {
    browse(Location::Removed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_uses_the_site_below_a_path_that_the_proxy_keeps() {
    browse(Location::Kept).await;
}

async fn browse(location: Location) {
    let source = Source::start().await;
    let settings = [("PYFLIX_PUBLIC_URL", "http://films.example/pyflix")];
    let app = start_mirror(&source, &settings).await;
    let Some(proxy) = ReverseProxy::start_below(app.address(), location).await else {
        skip("public_address: nginx", "nginx is not installed");
        return;
    };
    let browser = Browser::start().await;
    let until = async |script: &str, expected: &str| {
        eventually(DEADLINE, async || {
            let found = browser.eval(script).await;
            match found == expected {
                true => Ok(()),
                false => Err(format!("{script} is {found:?}, not {expected:?}")),
            }
        })
        .await;
    };
    browser
        .open(&format!("http://{}/pyflix/", proxy.address()))
        .await;
    // A style, a script and a link.
    until(
        "return getComputedStyle(document.querySelector('.skip')).position",
        "absolute",
    )
    .await;
    browser
        .eval("document.querySelector('nav a').click()")
        .await;
    until("return location.pathname", "/pyflix/movies").await;
    until(
        "return String(document.querySelector('.live') !== null)",
        "true",
    )
    .await;
    source.rename_film("1069e34e-1a3c-5974-92de-c50d42a7b39a", "The Paper Ferry");
    let link = "return document.querySelector('.live a')?.pathname ?? ''";
    let version = "return document.querySelector('[data-version]').dataset.version";
    until(version, "2").await;
    until(link, "/pyflix/changes/2").await;
    // A suggestion, and a form.
    browser.press('/').await;
    browser.type_text("paper").await;
    until(
        "return document.querySelector('[data-href]')?.dataset.href ?? ''",
        "/pyflix/movies/the-lantern-ferry",
    )
    .await;
    browser
        .eval("document.querySelector('.search-form button').click()")
        .await;
    until(
        "return location.pathname + location.search",
        "/pyflix/search?q=paper",
    )
    .await;
    let others = "return performance.getEntriesByType('resource').map(entry => entry.name)\
                  .filter(name => !name.startsWith(location.origin + '/pyflix/')).join(' ')";
    assert_eq!(browser.eval(others).await, "");
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_url_that_cannot_be_is_refused_without_its_password() {
    let store = Store::sqlite();
    for (url, why) in [
        ("https://user:secret@films.example", "user name or password"),
        ("https://films.example/?secret", "query"),
        ("https://films.example/#secret", "fragment"),
        ("https://films.example/movies", "one of its own"),
        ("https://films.example/ghibli/secret", "one of its own"),
    ] {
        for program in ["pyflix", "webapp"] {
            let envs = [
                ("PYFLIX_DATABASE_URL", store.url.as_str()),
                ("PYFLIX_PUBLIC_URL", url),
                ("PYFLIX_LISTEN", "127.0.0.1:0"),
            ];
            let end = run_to_end(program, &envs, &[], DEADLINE).await;
            let output = format!("{}{}", end.stdout, end.stderr);
            assert_eq!(end.code, Some(2), "{url}: {output}");
            assert!(output.contains("PYFLIX_PUBLIC_URL"), "{output}");
            assert!(output.contains(why), "{url}: {output}");
            assert!(!output.contains("secret"), "{output}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_trusted_proxy_changes_links() {
    let trusting = app(&[("PYFLIX_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1")]).await;
    let other = app(&[("PYFLIX_TRUSTED_PROXIES", "10.0.0.0/8")]).await;
    let configured = app(&[
        ("PYFLIX_TRUSTED_PROXIES", "127.0.0.1"),
        ("PYFLIX_PUBLIC_URL", PUBLIC),
    ])
    .await;
    let forwarded = [
        (
            &[("X-Forwarded-Proto", "https")][..],
            "https://here.example",
        ),
        (
            &[("X-Forwarded-Host", "a.example:81")],
            "http://a.example:81",
        ),
        (
            &[("X-Forwarded-Host", "evil.example, a.example")],
            "http://a.example",
        ),
        (
            &[("X-Forwarded-Prefix", "/pyflix/")],
            "http://here.example/pyflix",
        ),
        (
            &[("Forwarded", "for=1.1.1.1;proto=https;host=b.example")],
            "https://b.example",
        ),
        (
            &[
                ("X-Forwarded-Prefix", "/\"onclick"),
                ("X-Forwarded-Host", "a/b"),
            ],
            "http://here.example",
        ),
        (&[], "http://here.example"),
    ];
    // Twice, because the second response can come from the cache.
    for (fields, root) in forwarded.iter().chain(&forwarded) {
        for path in [
            "/ghibli/films?fields=url&limit=1",
            "/feed.atom",
            "/api/v1/openapi.json",
        ] {
            let right = |found: &Response, root: &str| {
                let is_right = found.body.contains(&format!("\"{root}/"))
                    || found.body.contains(&format!("\"url\": \"{root}\""));
                assert!(is_right, "{path} {fields:?}: {}", found.body);
            };
            let response = ask(&trusting, path, fields).await;
            right(&response, root);
            assert!(
                response
                    .header("vary")
                    .unwrap()
                    .contains("x-forwarded-proto")
            );
            right(&ask(&other, path, fields).await, "http://here.example");
            right(&ask(&configured, path, fields).await, PUBLIC);
        }
        let prefix = root.split_once(".example").unwrap().1;
        let prefix = if prefix.starts_with('/') { prefix } else { "" };
        let problem = ask(&trusting, "/api/v1/missing", fields).await.json();
        assert_eq!(problem["instance"], format!("{prefix}/api/v1/missing"));
        let page = ask(&trusting, "/movies", fields).await.body;
        assert!(
            page.contains(&format!(" href=\"{prefix}/about\"")),
            "{fields:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ignored_fields_of_a_proxy_are_one_warning_with_the_setting_to_use() {
    let app = start_app().await;
    for _ in 0..3 {
        ask(&app, "/status", &[("X-Forwarded-Proto", "https")]).await;
    }
    let is_warning = |line: &str| line.contains("PYFLIX_PUBLIC_URL");
    let line = app.wait_for_line(is_warning, DEADLINE).await;
    assert!(line.contains("PYFLIX_TRUSTED_PROXIES=127.0.0.1"), "{line}");
    assert!(line.contains("x-forwarded-proto"), "{line}");
    app.signal(Signal::TERM);
    assert_eq!(app.wait_exit(DEADLINE).await.code(), Some(0));
    assert_eq!(
        app.output().lines().filter(|line| is_warning(line)).count(),
        1
    );
}

/// Sends a request for another host, with fields of a proxy.
async fn ask(app: &Service, path: &str, fields: &[(&str, &str)]) -> Response {
    ask_at(app.address(), path, fields).await
}

async fn ask_at(address: SocketAddr, path: &str, fields: &[(&str, &str)]) -> Response {
    let mut request = format!("GET {path} HTTP/1.0\r\nHost: here.example\r\n");
    for (name, value) in fields {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Response {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}
