//! curl as a client of HTTP/1.0: health checks, old libraries and some proxies speak it.

use std::process::Command;

use e2e::{DEADLINE, start_app};
use serde_json::Value;
use testkit::process::Service;
use testkit::skips::skip;

/// What curl prints for its arguments; `None` if it is not installed.
async fn curl(test: &str, args: &[&str]) -> Option<String> {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--http1.0"])
        .args(args);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap();
    let Ok(output) = output else {
        skip(test, "curl is missing");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Status, HTTP version of the response, new connections and bytes of each of two transfers.
const REPORT: &str = "%{http_code} %{num_connects} %{size_download}\n";

#[tokio::test(flavor = "multi_thread")]
async fn curl_with_http_1_0_gets_whole_responses_on_a_connection_each_or_one_for_all() {
    let test = "curl_with_http_1_0_gets_whole_responses_on_a_connection_each_or_one_for_all";
    let app = start_app().await;
    let films = format!("{}/ghibli/films", app.url());
    let movies = format!("{}/movies", app.url());
    let discard = ["--output", "/dev/null", "--output", "/dev/null"];
    let report = async |fields: &[&str]| {
        let args = [fields, &["--write-out", REPORT, &films, &movies], &discard].concat();
        curl(test, &args).await
    };
    let Some(separate) = report(&[]).await else {
        return;
    };
    let bytes: Vec<_> = separate
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect();
    assert!(bytes.iter().all(|bytes| bytes.len() > 3), "{separate}");
    let expected = |second| format!("200 1 {}\n200 {second} {}\n", bytes[0], bytes[1]);
    assert_eq!(separate, expected(1));
    let kept = report(&["--header", "Connection: keep-alive"]).await;
    assert_eq!(kept.as_deref(), Some(&*expected(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_with_http_1_0_and_no_host_gets_links_to_the_address_it_reached() {
    let test = "curl_with_http_1_0_and_no_host_gets_links_to_the_address_it_reached";
    let app = start_app().await;
    let url = format!("{}/ghibli/films?limit=1&fields=url", app.url());
    for connection in ["Connection:", "Connection: keep-alive"] {
        // Others' links must not come from a cache.
        for (host, root) in [
            ("Host: a.example", "http://a.example"),
            ("Host:", app.url()),
        ] {
            let args = ["--header", host, "--header", connection, &url];
            let Some(films) = curl(test, &args).await else {
                return;
            };
            let films: Value = serde_json::from_str(&films).unwrap();
            let link = films[0]["url"].as_str().unwrap();
            assert!(
                link.starts_with(&format!("{root}/ghibli/films/")),
                "{host}: {link}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_with_http_1_0_gets_heads_and_unmodified_responses_without_content() {
    let test = "curl_with_http_1_0_gets_heads_and_unmodified_responses_without_content";
    let app = start_app().await;
    let films = format!("{}/ghibli/films", app.url());
    for connection in ["Connection:", "Connection: keep-alive"] {
        let Some(head) = curl(test, &["--head", "--header", connection, &films]).await else {
            return;
        };
        assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
        let field = |name: &str| {
            let lines = head.lines().find_map(|line| line.strip_prefix(name));
            lines
                .unwrap_or_else(|| panic!("{head} has no {name}"))
                .to_owned()
        };
        assert!(field("content-length: ").parse::<usize>().unwrap() > 0);
        let if_changed = format!("If-None-Match: {}", field("etag: "));
        let args = [
            "--include",
            "--header",
            connection,
            "--header",
            &if_changed,
            &films,
        ];
        let unmodified = curl(test, &args).await.unwrap();
        assert!(
            unmodified.starts_with("HTTP/1.0 304 Not Modified\r\n"),
            "{unmodified}"
        );
        assert!(unmodified.ends_with("\r\n\r\n"), "{unmodified}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_with_http_1_0_follows_the_events() {
    let test = "curl_with_http_1_0_follows_the_events";
    let app = start_app().await;
    if curl(test, &["--version"]).await.is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let events = format!("{}/events", app.url());
    let args = ["--silent", "--no-buffer", "--http1.0", &events];
    let program = Command::new("sh")
        .args(["-c", "command -v curl"])
        .output()
        .unwrap();
    let program = String::from_utf8(program.stdout).unwrap();
    let curl = Service::start_program(folder.path(), program.trim().as_ref(), &args);
    curl.wait_for_line(|line| line == "event: hello", DEADLINE)
        .await;
}
