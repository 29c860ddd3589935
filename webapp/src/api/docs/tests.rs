use std::collections::BTreeSet;

use axum::body::Body;
use axum::extract::Request;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::app_state::AppState;
use crate::middleware::RequestLimits;
use crate::routes::app;
use crate::state::Site;

#[tokio::test]
async fn the_reference_has_every_operation_parameter_and_field_of_the_openapi_document() {
    let page = get("/api/docs").await;
    let document: Value = serde_json::from_str(&get("/api/v1/openapi.json").await).unwrap();
    let schemas = &document["components"]["schemas"];
    let list = between(&page, "<h3 id=\"lists\">", "</section>");
    for (path, methods) in document["paths"].as_object().unwrap() {
        let operation = &methods["get"];
        let id = operation["operationId"].as_str().unwrap();
        let section = between(&page, &format!("<h3 id=\"op-{id}\">"), "</section>");
        assert!(section.contains(&format!("GET {path}")), "{id}");
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = match parameter["$ref"].as_str() {
                Some(path) => document.pointer(path.trim_start_matches('#')).unwrap(),
                None => parameter,
            };
            let name = parameter["name"].as_str().unwrap();
            assert!(has_code(section, name), "{id}: parameter {name}");
            let schema = &parameter["schema"];
            for choice in [&schema["enum"], &schema["items"]["enum"]] {
                for word in choice.as_array().into_iter().flatten() {
                    let word = word.as_str().unwrap();
                    assert!(has_code(section, word), "{id}: {name}={word}");
                }
            }
        }
        let body = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let name = body["$ref"]
            .as_str()
            .map(|path| path.rsplit('/').next().unwrap());
        let body = name.map_or(body, |name| &schemas[name]);
        let has_table = name.is_some_and(|name| page.contains(&format!("id=\"type-{name}\"")));
        for field in fields(body).filter(|_| !has_table) {
            let is_known = has_code(section, field) || has_code(list, field);
            assert!(is_known, "{id}: field {field}");
        }
    }
    for (name, schema) in schemas.as_object().unwrap() {
        let Some((_, table)) = page.split_once(&format!("id=\"type-{name}\"")) else {
            continue;
        };
        let table = table.split("<h").next().unwrap_or_default();
        for field in fields(schema) {
            assert!(has_code(table, field), "{name}: field {field}");
        }
    }
    for name in [
        "Movie",
        "Person",
        "Run",
        "Status",
        "Conditions",
        "FieldChange",
    ] {
        assert!(page.contains(&format!("<h4 id=\"type-{name}\">")), "{name}");
    }
}

#[tokio::test]
async fn every_field_of_a_response_has_a_description() {
    let document: Value = serde_json::from_str(&get("/api/v1/openapi.json").await).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for field in fields(schema) {
            let description = &schema["properties"][field]["description"];
            assert!(description.is_string(), "{name}.{field}");
        }
    }
    let page = get("/api/docs").await;
    assert!(!page.contains("<td></td></tr>"), "a cell without a meaning");
}

#[tokio::test]
async fn every_link_within_the_reference_leads_to_one_heading() {
    let page = get("/api/docs").await;
    let ids: Vec<_> = attributes(&page, " id=\"").collect();
    let unique: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "an id occurs twice");
    for target in attributes(&page, " href=\"#") {
        assert!(unique.contains(target), "#{target}");
    }
}

#[tokio::test]
async fn examples_begin_with_the_address_of_the_request() {
    let page = get("/api/docs").await;
    assert!(page.contains("http://pyflix.example:81/api/v1/movies"));
    assert!(
        !page.contains("localhost"),
        "an example with another address"
    );
}

#[tokio::test]
async fn the_reference_and_the_status_page_load_stylesheets_of_their_own() {
    for (path, own) in [
        ("/api/docs", Some("reference")),
        ("/status", Some("status")),
        ("/about", None),
    ] {
        let page = get(path).await;
        for name in ["reference", "status"] {
            let loads = page.contains(&format!("href=\"/static/{name}.css?v="));
            assert_eq!(loads, own == Some(name), "{path}: {name}");
        }
    }
}

fn fields(schema: &Value) -> impl Iterator<Item = &str> {
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.map(|(name, _)| name.as_str())
}

fn has_code(text: &str, code: &str) -> bool {
    text.contains(&format!("<code>{code}</code>"))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).expect(start);
    rest.split(end).next().unwrap_or_default()
}

/// The values of an attribute that begin with a text.
fn attributes<'a>(page: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    page.split(start)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('"')?.0))
}

async fn get(path: &str) -> String {
    let state = AppState::default().with_site(Site::built_in());
    let request = Request::get(path).header("host", "pyflix.example:81");
    let response = app(state, RequestLimits::default())
        .oneshot(request.body(Body::empty()).unwrap())
        .await;
    let bytes = response.unwrap().into_body().collect().await.unwrap();
    String::from_utf8(bytes.to_bytes().to_vec()).unwrap()
}
