//! A cached response varies by every field of the request that it depends on.

use catalogue_index::History;
use common::repository::Snapshot;

use super::*;
use crate::events::encode;
use crate::fixture;

/// One request in the fields that responses can depend on.
#[derive(Clone, Copy, Debug, Default)]
struct RequestFields {
    options: bool,
    head: bool,
    path: &'static str,
    host: Option<&'static str>,
    encoding: Option<&'static str>,
    accept: Option<&'static str>,
    origin: Option<&'static str>,
    proto: Option<&'static str>,
    forwarded_host: Option<&'static str>,
    prefix: Option<&'static str>,
    forwarded: Option<&'static str>,
    if_none_match: Option<&'static str>,
    is_untrusted: bool,
}

impl RequestFields {
    /// The same request with another value of one field.
    fn variants(self) -> Vec<Self> {
        let mut variants = vec![
            Self {
                options: true,
                ..self
            },
            Self { head: true, ..self },
            Self {
                is_untrusted: true,
                ..self
            },
        ];
        for value in ["other.example", "here.example:81", "[::1]:8000"] {
            let value = Some(value);
            variants.push(Self {
                host: value,
                ..self
            });
            variants.push(Self {
                forwarded_host: value,
                ..self
            });
        }
        for encoding in ["br", "gzip", "identity;q=0, *;q=0"] {
            variants.push(Self {
                encoding: Some(encoding),
                ..self
            });
        }
        for accept in ["application/json", "text/html", "*/*"] {
            variants.push(Self {
                accept: Some(accept),
                ..self
            });
        }
        for origin in ["https://one.example", "null"] {
            variants.push(Self {
                origin: Some(origin),
                ..self
            });
        }
        for proto in ["https", "http", "nonsense"] {
            variants.push(Self {
                proto: Some(proto),
                ..self
            });
        }
        for prefix in ["/one", "/one/two/", "/b\"ad", "//bad"] {
            variants.push(Self {
                prefix: Some(prefix),
                ..self
            });
        }
        for forwarded in ["for=1.2.3.4;proto=https;host=\"f.example\"", "proto=http"] {
            variants.push(Self {
                forwarded: Some(forwarded),
                ..self
            });
        }
        variants.push(Self {
            if_none_match: Some("*"),
            ..self
        });
        variants
    }

    fn request(self) -> Request {
        let method = match (self.options, self.head) {
            (true, _) => Method::OPTIONS,
            (_, true) => Method::HEAD,
            _ => Method::GET,
        };
        let peer = if self.is_untrusted {
            "9.9.9.9:1"
        } else {
            "[::ffff:127.0.0.1]:1"
        };
        let mut request = Request::builder().method(method).uri(self.path).extension(
            http_front::ConnectionInfo {
                peer: peer.parse().unwrap(),
                local: "127.0.0.1:8000".parse().unwrap(),
            },
        );
        for (name, value) in [
            ("host", self.host.or(Some("here.example"))),
            ("accept-encoding", self.encoding),
            ("accept", self.accept),
            ("origin", self.origin),
            ("x-forwarded-proto", self.proto),
            ("x-forwarded-host", self.forwarded_host),
            ("x-forwarded-prefix", self.prefix),
            ("forwarded", self.forwarded),
            ("if-none-match", self.if_none_match),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request.body(Body::empty()).unwrap()
    }
}

type ComparedResponse = (StatusCode, Vec<(String, String)>, Bytes);

/// The response of the whole app, through its cache.
async fn respond(
    app: &BoxedApp,
    cached: &impl Fn(&Request) -> Option<Response>,
    sent: RequestFields,
) -> ComparedResponse {
    let response = match cached(&sent.request()) {
        Some(response) => response,
        None => app.clone().oneshot(sent.request()).await.unwrap(),
    };
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(X_REQUEST_ID);
    let fields = parts.headers.iter();
    let fields = fields.map(|(name, value)| (name.to_string(), format!("{value:?}")));
    let mut fields: Vec<_> = fields.collect();
    fields.sort();
    let mut body = body.collect().await.unwrap().to_bytes();
    if body.windows(12).any(|text| text == b"\"request_id\"") || parts.status.is_client_error() {
        // It contains the request's id.
        body = Bytes::new();
        fields.retain(|(name, _)| name != "content-length");
    }
    (parts.status, fields, body)
}

/// The catalogue of a site as versions 1 and 2.
fn with_an_earlier_version(site: Site) -> Site {
    let [first, second] = [1, 2].map(|version| Snapshot {
        catalogue: site.snapshot.catalogue.clone(),
        ..fixture::snapshot("l", version, &[])
    });
    let history = History::from(&first);
    Site {
        history: history.with_version(&second, Some(Vec::new()), encode::version),
        snapshot: Arc::new(second),
        ..site
    }
}

#[tokio::test]
async fn every_response_is_that_of_a_fresh_server_whatever_was_requested_before() {
    let site = with_an_earlier_version(Site::built_in());
    let trusting = PublicUrl {
        trusted_proxies: ["127.0.0.1".parse::<std::net::IpAddr>().unwrap().into()].into(),
        ..PublicUrl::default()
    };
    let configured = PublicUrl {
        configured: Some("https://public.example/one".into()),
        ..trusting.clone()
    };
    let ghibli = PublicUrl {
        is_ghibli: true,
        ..trusting.clone()
    };
    for public_url in [PublicUrl::default(), trusting, configured, ghibli] {
        let state = AppState {
            public_url: public_url.clone(),
            ..AppState::default()
        };
        let current = state.current.clone();
        let cached = cached(
            current.clone(),
            public_url.clone(),
            RequestMetrics::default(),
        );
        let app = crate::routes::app(state, RequestLimits::default());
        let app = BoxedApp::new(app);
        let forget = || {
            current.replace(Site {
                cache: Arc::default(),
                ..site.clone()
            });
        };
        for path in [
            "/movies",
            "/one/movies",
            "/species?sort=name",
            "/search/suggest?q=to",
            "/species?version=1",
            "/versions/1/ghibli/vehicles",
            "/ghibli/vehicles",
            "/ghibli/films/2baf70d1-42bb-4437-b551-e5fed5a87abe",
            "/vehicles?_page=1&_limit=1",
            "/api/v1/species?per_page=1",
            "/feed.atom",
            "/robots.txt",
            "/nothing",
        ] {
            let sent = RequestFields {
                path,
                ..RequestFields::default()
            };
            forget();
            let expected = respond(&app, &cached, sent).await;
            for variant in sent.variants() {
                forget();
                let expected_of_variant = respond(&app, &cached, variant).await;
                for first_is_variant in [false, true] {
                    forget();
                    // Made, encoded, then sent from the cache.
                    for turn in 0..6 {
                        let is_variant = (turn % 2 == 0) == first_is_variant;
                        let (sent, expected) = match is_variant {
                            true => (variant, &expected_of_variant),
                            false => (sent, &expected),
                        };
                        let found = respond(&app, &cached, sent).await;
                        assert!(
                            found == *expected,
                            "{public_url:?}\n{sent:?} with {variant:?}, turn {turn}\n{:?}\n{:?}",
                            (found.0, &found.1),
                            (expected.0, &expected.1),
                        );
                    }
                }
            }
        }
    }
}
