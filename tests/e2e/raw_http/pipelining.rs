//! Pipelined requests: several in one packet.

use e2e::start_app;
use testkit::raw_http::{RawConnection, RawResponse, Responses};
use tokio::time::Instant;

use super::EXCHANGE_TIMEOUT;

/// Sends requests in one packet, and receives until the server closes the connection.
async fn exchange(app: &testkit::process::Service, requests: &[String]) -> Vec<RawResponse> {
    let mut connection = RawConnection::open(app.address()).await.unwrap();
    connection.send(requests.concat().as_bytes()).await;
    let deadline = Instant::now() + EXCHANGE_TIMEOUT;
    connection.receive_all(deadline).await.unwrap();
    let is_to_head = |number: usize, _: &RawResponse| requests[number].starts_with("HEAD ");
    let responses = Responses::split(connection.received(), true, is_to_head);
    assert_eq!(responses.rest, b"");
    responses.all
}

fn request(line: &str, fields: &[(&str, &str)]) -> String {
    let fields = fields
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    format!(
        "{line} HTTP/1.1\r\nHost: a.example\r\n{}\r\n",
        fields.collect::<String>()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_requests_in_one_packet_get_their_responses_in_order() {
    let app = start_app().await;
    let close = ("Connection", "close");
    let tag = exchange(&app, &[request("GET /ghibli/films", &[close])]).await;
    let tag = tag[0].header("etag").unwrap();
    let if_changed = ("If-None-Match", tag);
    let requests = [
        request("GET /ghibli/films?title=Ponyo&fields=title", &[]),
        request("HEAD /movies", &[]),
        request("GET /ghibli/films", &[if_changed]),
        request("GET /api/missing/3", &[]),
        request("GET /api/v1/movies?per_page=0", &[]),
        request("HEAD /ghibli/films", &[if_changed]),
        request("GET /healthz", &[]),
        request("HEAD /api/missing/7", &[]),
        request("OPTIONS /ghibli/films", &[]),
        request("GET /api/missing/9", &[close]),
    ];
    let responses = exchange(&app, &requests).await;
    let found: Vec<_> = responses
        .iter()
        .map(|response| (response.status, response.instance()))
        .collect();
    let none = |status| (status, None);
    let problem = |status, path: &str| (status, Some(path.to_owned()));
    let expected = [
        none(200),
        none(200),
        none(304),
        problem(404, "/api/missing/3"),
        problem(400, "/api/v1/movies"),
        none(304),
        none(200),
        none(404),
        none(204),
        problem(404, "/api/missing/9"),
    ];
    assert_eq!(found, expected);
    let ponyo: serde_json::Value = serde_json::from_slice(&responses[0].body).unwrap();
    assert_eq!(ponyo, serde_json::json!([{ "title": "Ponyo" }]));
    let length: usize = responses[1]
        .header("content-length")
        .unwrap()
        .parse()
        .unwrap();
    assert!(length > 0 && responses[1].body.is_empty());
    assert_eq!(responses[2].header("etag"), Some(tag));
    assert_eq!(responses[5].header("etag"), Some(tag));
    assert!(responses[9].announces_close());
    assert!(!responses[..9].iter().any(RawResponse::announces_close));
}
