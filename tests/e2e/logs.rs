//! The lines that the programs log.

use std::collections::BTreeSet;
use std::fs;

use e2e::{DEADLINE, get, wait_until_shows};
use serde_json::Value;
use testkit::process::{Service, Signal};
use testkit::source::{Fault, Source};
use testkit::workspace_root;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Lines of libraries have fields of their own.
const DEBUG: &str = "off,catalogue_index=debug,common=debug,ghibli_api=debug,http_front=debug,\
     pyflix=debug,syncer=debug,webapp=debug";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// `pyflix` that logs everything as JSON.
async fn pyflix(source: &Source) -> Service {
    let provider = source.url().replace("http://", "http://user:sesame@");
    let envs = [
        ("PYFLIX_PROVIDER_URLS", provider.as_str()),
        ("PYFLIX_SYNC_INTERVAL", "250ms"),
        ("PYFLIX_LOG", DEBUG),
        ("PYFLIX_LOG_FORMAT", "json"),
    ];
    Service::start_web("pyflix", &envs, &[], DEADLINE).await
}

/// Sends a request with a trace, and returns the request id of its response.
async fn traced(app: &Service, path: &str) -> String {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\
         traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    let response = String::from_utf8_lossy(&response);
    let id = response.split("x-request-id: ").nth(1).unwrap();
    id.split('\r').next().unwrap().to_owned()
}

fn lines(app: &Service) -> Vec<Value> {
    let output = app.output();
    let lines = output.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn every_request_has_a_line_with_its_id_and_its_trace() {
    let source = Source::start().await;
    let app = pyflix(&source).await;
    wait_until_shows(&format!("{}/movies", app.url()), "The Lantern Ferry").await;
    for (path, message) in [
        ("/movies/the-lantern-ferry?q=sesame", "responded"),
        ("/nowhere", "responded"),
        ("/movies", "cached"),
    ] {
        // Until it is in the cache.
        let id = testkit::eventually(DEADLINE, async || {
            let id = traced(&app, path).await;
            let marker = format!("\"request_id\":\"{id}\"");
            let line = app
                .wait_for_line(|line| line.contains(&marker), DEADLINE)
                .await;
            let line: Value = serde_json::from_str(&line).unwrap();
            (line["fields"]["message"] == message).then_some(id)
        })
        .await;
        let lines = lines(&app).into_iter();
        let of_request: Vec<_> = lines
            .filter(|line| line["fields"]["request_id"] == *id)
            .collect();
        assert_eq!(of_request.len(), 1, "{of_request:?}");
        let fields = &of_request[0]["fields"];
        assert_eq!(fields["trace_id"], TRACE, "{fields}");
        assert_eq!(fields["method"], "GET", "{fields}");
        assert_eq!(fields["path"], path.split('?').next().unwrap(), "{fields}");
    }
}

#[tokio::test]
async fn every_field_is_documented_and_no_line_has_a_secret() {
    let source = Source::start().await;
    let app = pyflix(&source).await;
    wait_until_shows(&format!("{}/movies", app.url()), "The Lantern Ferry").await;
    get(&format!("{}/search?q=sesame", app.url())).await;
    source.misbehave("people", Fault::Empty);
    app.wait_for_line(|line| line.contains("\"outcome\":\"held\""), DEADLINE)
        .await;
    source.misbehave_everywhere(Fault::Status(500));
    app.wait_for_line(|line| line.contains("\"outcome\":\"failed\""), DEADLINE)
        .await;
    source.behave();
    app.wait_for_line(|line| line.contains("recovered"), DEADLINE)
        .await;
    app.signal(Signal::TERM);
    app.wait_exit(DEADLINE).await;

    let document = fs::read_to_string(workspace_root().join("docs/logs.md")).unwrap();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: BTreeSet<_> = rows
        .filter_map(|row| row.split(" | ").next())
        .flat_map(|names| names.split('`'))
        .collect();
    let lines = lines(&app);
    assert!(lines.len() > 10);
    for line in &lines {
        for name in line["fields"].as_object().unwrap().keys() {
            assert!(
                name == "message" || documented.contains(name.as_str()),
                "{name} in {line}"
            );
        }
    }
    assert!(!app.output().contains("sesame"), "{}", app.output());
}
