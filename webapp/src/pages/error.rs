use askama::Template;
use common::models::Kind;
use http::StatusCode;

use super::tile;
use crate::http::path::list_of;
use crate::wording::RemovedItem;

#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    pub(crate) status: StatusCode,
    pub(crate) title: &'a str,
    /// The problem and its solution.
    pub(crate) detail: &'a str,
    /// The name of the parameter with which the detail begins.
    pub(crate) parameter: Option<&'a str>,
    /// Whether nothing is known about the address.
    pub(crate) is_unknown: bool,
    /// The requested path, decoded.
    pub(crate) path: &'a str,
    pub(crate) request_id: &'a str,
    /// The item that was here.
    pub(crate) removed: Option<&'a RemovedItem>,
}

impl ErrorPage<'_> {
    /// The detail after the name of the parameter.
    fn problem(&self) -> &str {
        let name = self.parameter.unwrap_or_default();
        self.detail.strip_prefix(name).unwrap_or(self.detail)
    }

    /// The valid values, if the detail lists them.
    fn choices(&self) -> Option<Vec<&str>> {
        let choices = self.problem().strip_prefix(" must be one of: ")?;
        Some(choices.split(", ").collect())
    }

    /// Whether the page reloads: a store that cannot be read yet, or a full queue.
    fn reloads(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }

    /// The path segment and the name of the list that the address belongs to; else the movies.
    fn list(&self) -> (&'static str, &'static str) {
        let list = list_of(self.path).unwrap_or(Kind::Movie.plural());
        let kind = Kind::ALL.into_iter().find(|kind| kind.plural() == list);
        (list, kind.map_or(list, tile::plural))
    }
}
