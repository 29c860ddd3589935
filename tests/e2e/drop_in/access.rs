//! Who may read the drop-in API, and with which methods.

use super::*;

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
