//! Several providers: their order, redirects between them, and messages about them.

use super::*;

#[tokio::test]
async fn redirects_are_followed_to_providers_only_and_at_most_five_times() {
    let to = |target: &str| {
        format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\nconnection: close\r\n\r\n")
    };
    assert_eq!(
        error_for(to("/films/again")).await.to_string(),
        "redirect refused: more than 5 in a row"
    );

    let elsewhere = Upstream::films(ok("[]")).await;
    let foreign = error_for(to(elsewhere.url.join("films").unwrap().as_str())).await;
    let error = foreign.to_string();
    assert!(error.contains("is not a configured source"), "{error}");
    assert_eq!(elsewhere.requests("/").len(), 0);

    let moved = Upstream::bytes(move |path| match path.strip_prefix("/old") {
        Some(path) => to(path).into_bytes(),
        None => ok("[]"),
    })
    .await;
    let old = moved.url.join("old").unwrap();
    assert_eq!(fetched(&client([&old])).await.provider, old);
}

#[tokio::test]
async fn two_hosts_are_never_mixed_into_one_catalogue() {
    let second = Upstream::films(status("404 Not Found")).await;
    let target = second.url.join("people").unwrap();
    let first = Upstream::bytes(move |path| match path {
        "/people" => {
            format!("HTTP/1.1 307 Moved\r\nlocation: {target}\r\nconnection: close\r\n\r\n").into()
        }
        _ => ok("[]"),
    })
    .await;
    let client = client([&first.url, &second.url]);
    let failures = client.fetch_all(None, &|_| {}).await.unwrap_err().failures;
    assert!(matches!(failures[0].error, RequestError::MixedHosts { .. }));
}

#[tokio::test]
async fn all_collections_are_requested_from_the_next_provider() {
    let down = Upstream::films(status("503 Service Unavailable")).await;
    let good = Upstream::films(ok(r#"[{"id":"good"}]"#)).await;
    let fetched = fetched(&client([&down.url, &good.url])).await;
    assert_eq!(fetched.provider, good.url);
    assert_eq!(good.requests("/").len(), 5);
    assert!(matches!(
        fetched.content,
        FetchedContent::Collections(all) if all[&Collection::Films].iter().next().unwrap().id == "good"
    ));
}

#[tokio::test]
async fn links_in_the_data_are_never_followed() {
    let linked = Upstream::films(ok("[]")).await;
    let to = &linked.url;
    let film = format!(
        r#"[{{"id":"a","url":"{to}films/a","image":"{to}a.png","people":["{to}people/p"],
            "species":["file:///etc/passwd"],"locations":["http://127.0.0.1:1/locations/"],
            "vehicles":["//{to}","/films/a"]}}]"#
    );
    let upstream = Upstream::films(ok(film)).await;
    let collections = collections(&client([&upstream.url, &linked.url])).await;

    assert_eq!(
        collections[&Collection::Films].iter().next().unwrap().id,
        "a"
    );
    let mut requests = upstream.requests("/");
    requests.sort();
    let five = ["/films", "/locations", "/people", "/species", "/vehicles"];
    assert_eq!(requests, five);
    assert_eq!(linked.requests(""), [""; 0]);
}

#[tokio::test]
async fn each_failed_provider_has_a_line_without_its_password() {
    let mut down = Upstream::films(status("503 Service Unavailable")).await;
    down.url.set_username("ann").unwrap();
    down.url.set_password(Some("hunter2")).unwrap();
    let nowhere: Url = "http://ann:hunter2@nowhere.invalid/x".parse().unwrap();

    let client = client([&down.url, &nowhere]);
    let error = client
        .fetch_all(None, &|_| {})
        .await
        .unwrap_err()
        .to_string();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(
        lines[0].ends_with("/: films: responded with 503 Service Unavailable"),
        "{error}"
    );
    assert!(
        lines[1].starts_with("http://nowhere.invalid/x: "),
        "{error}"
    );
    assert!(lines[1].contains(": cannot connect: "), "{error}");
    let without_cannot = error.replace("cannot", "");
    assert!(
        !without_cannot.contains("ann") && !error.contains("hunter2"),
        "{error}"
    );
}

#[test]
fn an_unusable_provider_is_reported_without_its_password() {
    let config = |providers: &[&str]| ClientConfig {
        providers: providers.iter().map(|url| url.parse().unwrap()).collect(),
        max_bytes: MAX_BYTES,
        user_agent: "test".to_owned(),
        timeouts: Timeouts::default(),
    };
    for (providers, expected) in [
        (&[][..], "no source is configured; set at least one URL"),
        (
            &["http://a", "ftp://ann:hunter2@b/x"],
            "cannot use source ftp://b/x: it must start with http:// or https://",
        ),
        (
            &["http://a?x=1"],
            "cannot use source http://a/?x=1: it must not have a query",
        ),
    ] {
        let error = Client::new(config(providers)).err().unwrap();
        assert_eq!(error.to_string(), expected);
    }
}
