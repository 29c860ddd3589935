//! The table of operations: routes, parameters, descriptions and handlers.

use std::sync::LazyLock;

use catalogue_index::Role;
use common::models::{Finding, Kind, Run};
use http::Uri;
use percent_encoding::percent_decode_str;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::item_fields::reference;
use super::item_json::ItemJson;
use super::paging::{self, PagedList};
use super::parameter::{self, Parameter};
use super::request::ApiRequest;
use super::response::ApiResponse;
use super::{changes, filmmakers, items, search, syncs};
use crate::http::AppError;
use crate::state::Site;

type Handler = dyn Fn(&ApiRequest<'_>) -> Result<ApiResponse, AppError> + Send + Sync;

/// The path prefix of all operations.
pub(super) const ROOT: &str = "/api/v1";
/// The group of directors and producers.
const FILMMAKERS: &str = "directors and producers";

pub(super) struct Operation {
    /// With a path parameter's name in braces.
    pub(super) path: String,
    /// The OpenAPI operation ID, which names the method in generated clients.
    pub(super) id: String,
    /// The section of the reference, and the OpenAPI tag.
    pub(super) group: &'static str,
    /// One line without a full stop.
    pub(super) summary: String,
    pub(super) description: &'static str,
    pub(super) path_parameter: Option<PathParameter>,
    pub(super) parameters: Vec<Parameter>,
    /// The query of an example with a short response; `{version}` stands for the current version.
    example_query: &'static str,
    /// When it responds with 410, if it does.
    pub(super) gone: Option<&'static str>,
    pub(super) body_schema: Box<dyn Fn(&mut SchemaGenerator) -> Schema + Send + Sync>,
    handler: Box<Handler>,
}

#[derive(Clone, Copy)]
pub(super) enum PathParameter {
    /// The slug or ID of an item.
    Item(Kind),
    /// The slug of a director or producer.
    Filmmaker(Role),
    Version,
}

/// All operations, in the order of the documentation.
pub(super) static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let items = Kind::ALL.into_iter();
    let items = items.flat_map(|kind| [list_items(kind), get_item(kind)]);
    let filmmakers = Role::ALL.into_iter();
    let filmmakers = filmmakers.flat_map(|role| [list_filmmakers(role), get_filmmaker(role)]);
    items.chain(filmmakers).chain(other_operations()).collect()
});

fn list_items(kind: Kind) -> Operation {
    Operation {
        group: kind.plural(),
        description: "Filters are combined with AND. A page past the last one is empty.",
        parameters: at_any_version(items::list_parameters(kind)),
        example_query: match kind {
            Kind::Movie => "?sort=-score&per_page=1",
            _ => "?per_page=1",
        },
        body_schema: Box::new(move |generator| items::list_schema(kind, generator)),
        ..Operation::new::<PagedList<ItemJson>>(
            kind.plural(),
            format!("list_{}", kind.plural()),
            format!("List {}", kind.plural()),
            move |request| items::list(kind, request),
        )
    }
}

fn get_item(kind: Kind) -> Operation {
    Operation {
        group: kind.plural(),
        description: "By slug or source ID. Each relation returns at most 250 items; use the lists to get all of them.",
        path_parameter: Some(PathParameter::Item(kind)),
        parameters: at_any_version(items::field_parameters(kind)),
        gone: Some("The item was removed; `removed_in` names the version that did so."),
        body_schema: Box::new(move |_| reference(kind)),
        ..Operation::new::<ItemJson>(
            &format!("{}/{{id}}", kind.plural()),
            format!("get_{}", kind.singular()),
            format!("Get one {} with everything linked to it", kind.singular()),
            move |request| items::show(kind, request),
        )
    }
}

fn list_filmmakers(role: Role) -> Operation {
    Operation {
        group: FILMMAKERS,
        description: "Those with the most movies first, then by name.",
        parameters: at_any_version(paging::parameters()),
        example_query: "?per_page=1",
        ..Operation::new::<PagedList<filmmakers::FilmmakerSummary>>(
            role.plural(),
            format!("list_{}", role.plural()),
            format!("List {}", role.plural()),
            move |request| filmmakers::list(role, request),
        )
    }
}

fn get_filmmaker(role: Role) -> Operation {
    Operation {
        group: FILMMAKERS,
        description: "Up to 250 movies and 20 collaborators of each role.",
        path_parameter: Some(PathParameter::Filmmaker(role)),
        parameters: at_any_version(Vec::new()),
        ..Operation::new::<filmmakers::FilmmakerDetails>(
            &format!("{}/{{slug}}", role.plural()),
            format!("get_{}", role.singular()),
            format!(
                "Get the filmography and collaborators of one {}",
                role.singular()
            ),
            move |request| filmmakers::show(role, request),
        )
    }
}

/// Parameters of an operation that responds as of any version.
fn at_any_version(mut parameters: Vec<Parameter>) -> Vec<Parameter> {
    parameters.push(Parameter::version());
    parameters
}

fn other_operations() -> [Operation; 7] {
    [
        Operation {
            group: "search",
            description: "Works in any script, ignores case and accents, matches the beginnings of words and tolerates typos. Exact matches come first.",
            parameters: at_any_version(search::parameters()),
            example_query: "?q=totoro&per_page=1",
            ..Operation::new::<search::SearchResults>(
                "search",
                "search",
                "Search, with the matching parts of each result",
                search::search,
            )
        },
        Operation {
            group: "changes",
            description: "Apply the added, updated and removed items on all pages (`Link` points to the next), store the returned `version`, and pass it as `since` next time. Changes that were later undone are left out.",
            parameters: changes::parameters(),
            example_query: "?since={version}",
            gone: Some(
                "The version is no longer available, is newer than the catalogue or belongs to another lineage: reload the lists.",
            ),
            ..Operation::new::<changes::ChangesSince<'static>>(
                "changes",
                "changes_since",
                "Changes since a version, for keeping a copy in sync",
                changes::changes,
            )
        },
        Operation {
            group: "changes",
            description: "A version is a snapshot of the whole catalogue. The lineage identifies the database the versions belong to.",
            parameters: paging::parameters(),
            example_query: "?per_page=1",
            ..Operation::new::<changes::VersionList<'static>>(
                "versions",
                "list_versions",
                "Available versions, newest first",
                changes::versions,
            )
        },
        Operation {
            group: "changes",
            description: "Paginated. `changes` is null and `total` is 0 for the initial import and for versions whose details are no longer available.",
            path_parameter: Some(PathParameter::Version),
            parameters: paging::changes_parameters(),
            example_query: "?per_page=1",
            ..Operation::new::<changes::VersionDetails<'static>>(
                "versions/{version}",
                "get_version",
                "The changes of one version, field by field",
                changes::version,
            )
        },
        Operation {
            group: "syncs",
            description: "A sync ends as unchanged, published, held or failed. Consecutive syncs with the same outcome share one entry.",
            parameters: paging::parameters(),
            example_query: "?per_page=1",
            ..Operation::new::<PagedList<&Run>>(
                "runs",
                "list_runs",
                "Recent syncs, newest first",
                syncs::runs,
            )
        },
        Operation {
            group: "syncs",
            description: "For the source’s maintainers. Stable between syncs; limited to the first 10,000.",
            parameters: syncs::finding_parameters(),
            example_query: "?per_page=1",
            ..Operation::new::<PagedList<&Finding>>(
                "findings",
                "list_findings",
                "Data problems at the source",
                syncs::findings,
            )
        },
        Operation {
            group: "syncs",
            description: "Whether the catalogue is out of date, since when and why; the last sync; what is held, missing or quarantined.",
            ..Operation::new::<syncs::Status<'static>>(
                "status",
                "get_status",
                "Status of the catalogue",
                syncs::status,
            )
        },
    ]
}

impl Operation {
    /// An operation without parameters that responds with a `Body`.
    fn new<Body: JsonSchema + 'static>(
        path: &str,
        id: impl Into<String>,
        summary: impl Into<String>,
        handler: impl Fn(&ApiRequest<'_>) -> Result<ApiResponse, AppError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            path: format!("{ROOT}/{path}"),
            id: id.into(),
            summary: summary.into(),
            group: "",
            description: "",
            path_parameter: None,
            parameters: Vec::new(),
            example_query: "",
            gone: None,
            body_schema: Box::new(SchemaGenerator::subschema_for::<Body>),
            handler: Box::new(handler),
        }
    }

    /// Whether a request can name the version of the response.
    pub(super) fn is_at_any_version(&self) -> bool {
        self.parameters.iter().any(Parameter::is_version)
    }

    pub(super) fn respond(&self, site: &Site, uri: &Uri) -> Result<ApiResponse, AppError> {
        let parameters = parameter::parse(uri, &self.parameters)?;
        let last_segment = uri.path().rsplit('/').next().unwrap_or_default();
        let path_argument = percent_decode_str(last_segment)
            .decode_utf8()
            .map_err(|_| AppError::BadRequest("the path is not valid UTF-8".into()))?;
        (self.handler)(&ApiRequest {
            site,
            path_argument: &path_argument,
            parameters: &parameters,
        })
    }

    /// The path and query of an example.
    pub(super) fn example(&self, site: &Site) -> String {
        let path = match self.path_parameter {
            Some(parameter) => {
                let name = format!("{{{}}}", parameter.name());
                self.path.replace(&name, &parameter.example(site))
            }
            None => self.path.clone(),
        };
        let version = site.version().to_string();
        path + &self.example_query.replace("{version}", &version)
    }
}

impl PathParameter {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Item(_) => "id",
            Self::Filmmaker(_) => "slug",
            Self::Version => "version",
        }
    }

    pub(super) const fn type_name(self) -> &'static str {
        match self {
            Self::Item(_) | Self::Filmmaker(_) => "string",
            Self::Version => "integer",
        }
    }

    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::Item(_) => "Slug or ID.",
            Self::Filmmaker(_) => "Slug.",
            Self::Version => "Version number.",
        }
    }

    /// A value that exists in this catalogue, if it has any.
    pub(super) fn example(self, site: &Site) -> String {
        match self {
            Self::Item(kind) => {
                let first = site.snapshot.catalogue.iter(kind).next();
                first.map_or_else(|| "totoro".into(), |item| item.slug.to_string())
            }
            Self::Filmmaker(role) => {
                let first = site.indexes.lists.filmmakers(role, 0, 1).pop();
                first.map_or_else(|| "hayao-miyazaki".into(), |first| first.slug)
            }
            Self::Version => site.version().max(1).to_string(),
        }
    }
}
