use std::sync::LazyLock;

use common::models::Kind;
use http::Uri;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::lists;
use super::pages::{self, Pages};
use super::parameter::{Parameter, Values};
use super::{ROOT, changes, search, syncs};
use crate::http::AppError;
use crate::state::Site;

/// An endpoint of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    List(Kind),
    Item(Kind),
    Search,
    Changes,
    Versions,
    Version,
    Runs,
    Findings,
    Status,
}

/// All endpoints, in the order of the documentation.
pub(super) static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let items = Kind::ALL.into_iter();
    let items = items.flat_map(|kind| [Operation::List(kind), Operation::Item(kind)]);
    let others = [
        Operation::Search,
        Operation::Changes,
        Operation::Versions,
        Operation::Version,
        Operation::Runs,
        Operation::Findings,
        Operation::Status,
    ];
    items.chain(others).collect()
});

/// What is asked, and of what.
pub(super) struct Asked<'a> {
    pub(super) site: &'a Site,
    /// The last part of the path, where the operation has one of its own there.
    pub(super) argument: &'a str,
    pub(super) values: &'a Values,
}

/// What there is to say.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Value,
    /// The way to the other pages of a list.
    pub(super) pages: Option<Pages>,
    /// Whether it depends on more than the version.
    pub(super) fleeting: bool,
}

impl Answer {
    pub(super) fn of(body: Value) -> Self {
        Self {
            body,
            pages: None,
            fleeting: false,
        }
    }

    pub(super) fn fleeting(mut self) -> Self {
        self.fleeting = true;
        self
    }
}

impl Operation {
    /// The path, with the name of its argument in braces.
    pub(super) fn path(self) -> String {
        let below = match self {
            Self::List(kind) => kind.plural().to_owned(),
            Self::Item(kind) => format!("{}/{{id}}", kind.plural()),
            Self::Search => "search".into(),
            Self::Changes => "changes".into(),
            Self::Versions => "versions".into(),
            Self::Version => "versions/{version}".into(),
            Self::Runs => "runs".into(),
            Self::Findings => "findings".into(),
            Self::Status => "status".into(),
        };
        format!("{ROOT}/{below}")
    }

    /// The operation ID, which names the method in generated clients.
    pub(super) fn name(self) -> String {
        match self {
            Self::List(kind) => format!("list_{}", kind.plural()),
            Self::Item(kind) => format!("get_{}", kind.singular()),
            Self::Search => "search".into(),
            Self::Changes => "changes_since".into(),
            Self::Versions => "list_versions".into(),
            Self::Version => "get_version".into(),
            Self::Runs => "list_runs".into(),
            Self::Findings => "list_findings".into(),
            Self::Status => "get_status".into(),
        }
    }

    /// A one-line summary, without a full stop.
    pub(super) fn summary(self) -> String {
        match self {
            Self::List(kind) => format!("List {}", kind.plural()),
            Self::Item(kind) => format!("Get one {} with everything linked to it", kind.singular()),
            Self::Search => "Search, with the matching parts of each result".into(),
            Self::Changes => "Changes since a version, for keeping a copy in sync".into(),
            Self::Versions => "Available versions, newest first".into(),
            Self::Version => "The changes of one version, field by field".into(),
            Self::Runs => "Recent syncs, newest first".into(),
            Self::Findings => "Data problems at the source".into(),
            Self::Status => "Status of the catalogue".into(),
        }
    }

    /// The rest of the description.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::List(_) => "Filters are combined with AND. A page past the last one is empty.",
            Self::Item(_) => {
                "By slug or source ID. Each relation returns at most 250 items; use the lists to get all of them."
            }
            Self::Search => {
                "Works in any script, ignores case and accents, matches the beginnings of words and tolerates typos. Exact matches come first."
            }
            Self::Changes => {
                "Apply the added, updated and removed items on all pages (`Link` points to the next), store the returned version, and pass it as `since` next time. Changes that were later undone are left out. 410 means a version is no longer available, is newer than the catalogue or belongs to another lineage: reload the lists."
            }
            Self::Versions => {
                "A version is a snapshot of the whole catalogue. The lineage identifies the database the versions belong to."
            }
            Self::Version => {
                "Paginated. `changes` is null and `total` is 0 for the initial import and for versions whose details are no longer available."
            }
            Self::Runs => {
                "A sync ends as unchanged, published, held or failed. Consecutive syncs with the same outcome share one entry."
            }
            Self::Findings => {
                "For the source’s maintainers. Stable between syncs; limited to the first 10,000."
            }
            Self::Status => {
                "Whether the catalogue is out of date, since when and why; the last sync; what is held, missing or quarantined."
            }
        }
    }

    pub(super) fn parameters(self) -> Vec<Parameter> {
        match self {
            Self::List(kind) => lists::parameters(kind),
            Self::Item(kind) => lists::shaping(kind),
            Self::Search => search::parameters(),
            Self::Changes => changes::parameters(),
            Self::Findings => syncs::finding_parameters(),
            Self::Versions | Self::Runs => pages::paging(),
            Self::Version => pages::paging_of_changes(),
            Self::Status => Vec::new(),
        }
    }

    /// The argument in the path: its name, what it is, and one that is there.
    pub(super) fn argument_of(self, site: &Site) -> Option<(&'static str, &'static str, String)> {
        match self {
            Self::Item(kind) => {
                let first = site.snapshot.catalogue.iter(kind).next();
                let slug = first.map(|item| item.slug.to_string());
                Some(("id", "Slug or ID.", slug.unwrap_or_else(|| "totoro".into())))
            }
            Self::Version => {
                let version = site.version().max(1).to_string();
                Some(("version", "Version number.", version))
            }
            _ => None,
        }
    }

    /// A question for an example: short to answer.
    pub(super) fn example(self, site: &Site) -> String {
        let path = match self.argument_of(site) {
            Some((name, _, value)) => self.path().replace(&format!("{{{name}}}"), &value),
            None => self.path(),
        };
        let query = match self {
            Self::List(Kind::Movie) => "?sort=-score&per_page=1",
            Self::List(_) | Self::Versions | Self::Runs | Self::Findings => "?per_page=1",
            Self::Search => "?q=totoro&per_page=1",
            Self::Changes => return format!("{path}?since={}", site.version()),
            Self::Version => "?per_page=1",
            Self::Item(_) | Self::Status => "",
        };
        format!("{path}{query}")
    }

    /// The last part of a path, if it is an argument.
    pub(super) fn argument(self, uri: &Uri) -> Result<String, AppError> {
        if !matches!(self, Self::Item(_) | Self::Version) {
            return Ok(String::new());
        }
        let last = uri.path().rsplit('/').next().unwrap_or_default();
        let text = percent_decode_str(last).decode_utf8();
        let text = text.map_err(|_| AppError::BadRequest("the path is not valid UTF-8".into()))?;
        Ok(text.into_owned())
    }

    pub(super) fn answer(self, asked: &Asked<'_>) -> Result<Answer, AppError> {
        match self {
            Self::List(kind) => lists::list(kind, asked),
            Self::Item(kind) => lists::item(kind, asked),
            Self::Search => Ok(search::search(asked)),
            Self::Changes => changes::since(asked),
            Self::Versions => Ok(changes::versions(asked)),
            Self::Version => changes::version(asked),
            Self::Runs => Ok(syncs::runs(asked)),
            Self::Findings => Ok(syncs::findings(asked)),
            Self::Status => Ok(syncs::status(asked)),
        }
    }

    /// The description of its answer.
    pub(super) fn schema(self) -> Value {
        match self {
            Self::List(kind) => lists::schema(kind),
            Self::Item(kind) => serde_json::json!({"$ref": super::items::schema_of(kind)}),
            Self::Search => search::schema(),
            Self::Changes => changes::since_schema(),
            Self::Versions => changes::versions_schema(),
            Self::Version => changes::version_schema(),
            Self::Runs => syncs::runs_schema(),
            Self::Findings => syncs::findings_schema(),
            Self::Status => syncs::status_schema(),
        }
    }
}
