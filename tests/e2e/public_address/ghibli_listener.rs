//! The listener that has the drop-in API at its root.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_warning_of_the_drop_in_s_listener_names_no_setting_that_it_ignores() {
    for public_url in ["", PUBLIC] {
        let mut envs = vec![("PYFLIX_GHIBLI_LISTEN", "127.0.0.1:0")];
        envs.extend((!public_url.is_empty()).then_some(("PYFLIX_PUBLIC_URL", public_url)));
        let app = app(&envs).await;
        let ghibli = ghibli_address(&app).await;
        ask_at(ghibli, "/films", &[("X-Forwarded-Proto", "https")]).await;
        let is_warning = |line: &str| line.contains("x-forwarded-proto");
        let line = app.wait_for_line(is_warning, DEADLINE).await;
        assert!(line.contains("PYFLIX_GHIBLI_LISTEN"), "{line}");
        assert!(line.contains("PYFLIX_TRUSTED_PROXIES=127.0.0.1"), "{line}");
        assert!(!line.contains("PYFLIX_PUBLIC_URL"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drop_in_has_a_listener_of_its_own() {
    let app = app(&[
        ("PYFLIX_GHIBLI_LISTEN", "127.0.0.1:0"),
        ("PYFLIX_PUBLIC_URL", PUBLIC),
    ])
    .await;
    let root = format!("http://{}", ghibli_address(&app).await);

    for path in [
        "/films",
        "/people?limit=2",
        "/vehicles/",
        "/db",
        "/films?_page=2&_limit=3",
    ] {
        for _ in 0..3 {
            let here = get(&format!("{root}{path}")).await;
            let there = get(&format!("{}/ghibli{path}", app.url())).await;
            let expected = there.body.replace(&format!("{PUBLIC}/ghibli"), &root);
            assert_eq!((here.status, &here.body), (200, &expected), "{path}");
            let links = there
                .header("link")
                .map(|link| link.replace(&format!("{PUBLIC}/ghibli"), &root));
            assert_eq!(here.header("link").map(str::to_owned), links, "{path}");
        }
    }
    assert_eq!(get(&root).await.json()["films"], format!("{root}/films"));
    for path in ["/movies", "/films/nobody", "/status", "/healthz"] {
        let response = get(&format!("{root}{path}")).await;
        assert_eq!(
            (response.status, response.json()),
            (404, Value::from(serde_json::Map::new())),
            "{path}"
        );
    }
    let problem = get(&format!("{root}/films?title_like=(")).await;
    assert_eq!(problem.status, 400);
    assert_eq!(problem.json()["instance"], "/films");
    app.signal(Signal::TERM);
    assert_eq!(app.wait_exit(DEADLINE).await.code(), Some(0));
}

/// The address of the listener with the drop-in.
async fn ghibli_address(app: &Service) -> SocketAddr {
    let line = app
        .wait_for_line(|line| line.contains("drop-in API is at"), DEADLINE)
        .await;
    let address = line.split_once("http://").unwrap().1;
    let is_of_address = |c: &char| c.is_ascii_digit() || matches!(c, '.' | ':');
    let address: String = address.chars().take_while(is_of_address).collect();
    address.parse().unwrap()
}
