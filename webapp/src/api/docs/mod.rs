//! The API reference, a page made from the table of operations and the schemas of its types.

#[cfg(test)]
mod tests;
mod text;
mod types;

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use http::header::RETRY_AFTER;
use http_content::Representation;

use self::text::spans;
use self::types::{ResponseType, TYPES, TypePart, Types};
use super::openapi::example_response;
use super::operation::{OPERATIONS, Operation, PathParameter, ROOT};
use super::paging::{MAX_CHANGES_PER_PAGE, MAX_PER_PAGE};
use super::parameter::{MAX_CHARACTERS, Parameter};
use crate::events::encode::{EVENT_TYPES, EventType};
use crate::http::content::{self, AtVersion as _};
use crate::http::path::API_DOCS;
use crate::http::{AppError, Links, ProblemDetails, PublicUrl};
use crate::middleware::RequestLimits;
use crate::pages::{HtmlHead, PageLayout};
use crate::state::{CurrentSite, Site};

/// A parameter of at least this many operations is described once for all of them.
const MIN_OPERATIONS_SHARING_A_PARAMETER: usize = 5;
/// A request with an error.
const INVALID_REQUEST: &str = "/api/v1/movies?sorted=year";
/// The same in every page, so that pages of equal content are equal.
const EXAMPLE_REQUEST_ID: &str = "9d2b3e4f586f1c0a";
/// The base URL in the example clients.
const CLIENTS_ROOT: &str = "http://localhost:8000";

#[derive(Template)]
#[template(path = "api/docs.html")]
struct DocsPage {
    head: HtmlHead,
    layout: PageLayout,
    root: String,
    types: &'static Types,
    common_parameters: Vec<&'static Parameter>,
    groups: Vec<Group>,
    events: Vec<EventExample>,
    problem: String,
    errors: Vec<ErrorRow>,
    max_url_kib: usize,
    clients: [Client; 4],
}

/// Operations on the same things.
struct Group {
    name: &'static str,
    operations: Vec<OperationExample>,
}

/// An operation with an example from this catalogue.
struct OperationExample {
    operation: &'static Operation,
    /// Those of this operation alone.
    parameters: Vec<&'static Parameter>,
    common_parameters: Vec<&'static Parameter>,
    response_type: &'static ResponseType,
    /// The path and query.
    request: String,
    /// The JSON.
    response: Option<String>,
}

struct EventExample {
    event: &'static EventType,
    data: &'static ResponseType,
    /// As it is sent.
    text: String,
}

/// A status, and when it is sent.
struct ErrorRow {
    status: StatusCode,
    description: String,
    retry_after_seconds: Option<String>,
}

/// An example program.
struct Client {
    title: &'static str,
    text: String,
}

impl Group {
    /// The name without spaces.
    fn id(&self) -> String {
        self.name.replace(' ', "-")
    }
}

impl OperationExample {
    /// Whether a parameter is required or has a default.
    fn has_defaults(&self) -> bool {
        let mut parameters = self.parameters.iter();
        self.operation.path_parameter.is_some()
            || parameters.any(|parameter| parameter.required || parameter.default.is_some())
    }

    /// The path below that of the API.
    fn short_path(&self) -> &'static str {
        let path = &self.operation.path;
        path.strip_prefix(ROOT).unwrap_or(path)
    }
}

/// The API reference.
pub(super) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    links: Links,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let page = DocsPage {
        head: HtmlHead::of(
            &public_url,
            API_DOCS,
            "API reference",
            "Every endpoint of the PyFlix API: parameters, response fields, errors and examples.",
        ),
        layout: PageLayout::of(&site),
        root: links.root().to_owned(),
        types: &TYPES,
        common_parameters: common_parameters(),
        groups: groups(&site),
        events: events(&site),
        problem: example_problem(&site, &links),
        errors: errors(),
        max_url_kib: RequestLimits::default().max_url_bytes / 1024,
        clients: clients(links.root()),
    };
    // The example of `status` has the last sync.
    let page = content::page(&page)?.at_version(site.version());
    Ok(links.with_links(page).no_store())
}

/// The parameters with the same name and description in many operations.
fn common_parameters() -> Vec<&'static Parameter> {
    let mut common: Vec<&Parameter> = Vec::new();
    let all = || {
        OPERATIONS
            .iter()
            .flat_map(|operation| &operation.parameters)
    };
    for parameter in all() {
        let is_same = |other: &&Parameter| other.is_same_as(parameter);
        if !common.iter().any(is_same)
            && all().filter(is_same).count() >= MIN_OPERATIONS_SHARING_A_PARAMETER
        {
            common.push(parameter);
        }
    }
    common
}

fn groups(site: &Site) -> Vec<Group> {
    let common = common_parameters();
    let mut groups: Vec<Group> = Vec::new();
    for (operation, response_type) in OPERATIONS.iter().zip(&TYPES.responses) {
        let response = example_response(operation, site);
        let parameters = operation.parameters.iter();
        let (common_parameters, parameters) = parameters
            .partition(|parameter| common.iter().any(|other| other.is_same_as(parameter)));
        let example = OperationExample {
            operation,
            parameters,
            common_parameters,
            response_type,
            request: operation.example(site),
            response: response.and_then(|json| serde_json::to_string_pretty(&json).ok()),
        };
        match groups.last_mut() {
            Some(group) if group.name == operation.group => group.operations.push(example),
            _ => groups.push(Group {
                name: operation.group,
                operations: vec![example],
            }),
        }
    }
    groups
}

fn events(site: &Site) -> Vec<EventExample> {
    let events = EVENT_TYPES.iter().zip(&TYPES.events);
    let events = events.map(|(event, data)| EventExample {
        event,
        data,
        text: String::from_utf8_lossy(&(event.example)(site)).into_owned(),
    });
    events.collect()
}

/// The response to [`INVALID_REQUEST`].
fn example_problem(site: &Site, links: &Links) -> String {
    let uri = http::Uri::from_static(INVALID_REQUEST);
    let mut operations = OPERATIONS.iter();
    let operation = operations.find(|operation| operation.path == uri.path());
    let error = operation.and_then(|operation| operation.respond(site, &uri).err());
    let error = error.unwrap_or(AppError::NotFound);
    let problem = ProblemDetails::of(&error, &uri, Some(links), EXAMPLE_REQUEST_ID);
    serde_json::to_string_pretty(&problem).unwrap_or_default()
}

fn errors() -> Vec<ErrorRow> {
    use AppError::{
        BadRequest, BodyTimeout, BodyTooLarge, Busy, Gone, Internal, MethodNotAllowed,
        NotAcceptable, NotFound, NotReady, ResponseTimeout, TooManyStreams, UrlTooLong,
    };
    let variable = String::new;
    [
        (
            BadRequest(variable()),
            Some("A parameter is unknown, repeated or missing, or has an invalid value."),
        ),
        (
            NotFound,
            Some("No such endpoint, item, director, producer or version."),
        ),
        (MethodNotAllowed, None),
        (NotAcceptable, None),
        (BodyTimeout, None),
        (
            Gone(variable()),
            Some("The item was removed, or the version is no longer available."),
        ),
        (BodyTooLarge, None),
        (UrlTooLong, None),
        (Internal(anyhow::Error::msg("")), None),
        (NotReady(None), None),
        (Busy, None),
        (TooManyStreams, None),
        (ResponseTimeout, None),
    ]
    .map(|(error, description)| ErrorRow {
        status: error.status(),
        description: match description {
            None => format!("{error}."),
            Some(description) => description.to_owned(),
        },
        retry_after_seconds: error
            .field()
            .filter(|(name, _)| name == RETRY_AFTER)
            .and_then(|(_, value)| Some(value.to_str().ok()?.to_owned())),
    })
    .into()
}

/// The clients of `docs/clients`, for this address.
fn clients(root: &str) -> [Client; 4] {
    [
        (
            "Search, with matches marked (JavaScript)",
            include_str!("../../../../docs/clients/api.mjs"),
        ),
        (
            "A copy that stays in sync (Python)",
            include_str!("../../../../docs/clients/api.py"),
        ),
        (
            "A movie and its characters, drop-in replacement (JavaScript)",
            include_str!("../../../../docs/clients/drop-in.mjs"),
        ),
        (
            "A receiver of webhooks (Python)",
            include_str!("../../../../docs/clients/webhooks.py"),
        ),
    ]
    .map(|(title, text)| Client {
        title,
        text: text.replace(CLIENTS_ROOT, root),
    })
}
