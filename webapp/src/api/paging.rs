//! Pages of lists: parameters, bodies and `Link` headers.

use http::Uri;
use schemars::JsonSchema;
use serde::Serialize;

use super::parameter::{MAX_INTEGER, Parameter, ParameterType};
use super::request::ApiRequest;

/// Also the default in [`parameters`].
const PER_PAGE: u64 = 100;
pub(super) const MAX_PER_PAGE: u64 = 250;
/// A page of changes is larger, so that most versions fit on one. Also the default in
/// [`changes_parameters`].
const CHANGES_PER_PAGE: u64 = 500;
pub(super) const MAX_CHANGES_PER_PAGE: u64 = 1_000;

pub(super) fn parameters() -> Vec<Parameter> {
    page_parameters(MAX_PER_PAGE, "Items per page.", "100")
}

pub(super) fn changes_parameters() -> Vec<Parameter> {
    page_parameters(MAX_CHANGES_PER_PAGE, "Changes per page.", "500")
}

fn page_parameters(
    max_per_page: u64,
    description: &'static str,
    default: &'static str,
) -> Vec<Parameter> {
    let integer = |max| ParameterType::Integer(1, max);
    vec![
        Parameter::new("page", integer(MAX_INTEGER), "Page number.", "1").or("1"),
        Parameter::new("per_page", integer(max_per_page), description, "10").or(default),
    ]
}

// Flattened into bodies, whose description a doc comment here would replace.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(super) struct PageInfo {
    /// Number of entries on all pages together.
    total: u64,
    /// Number of this page.
    #[schemars(range(min = 1))]
    page: u64,
    /// Maximum number of entries on a page.
    #[schemars(range(min = 1))]
    per_page: u64,
    /// The version up to which changes are listed: `until` in links to the other pages.
    #[serde(skip)]
    until: Option<u64>,
}

impl PageInfo {
    /// The requested page, of a list whose length is not known yet.
    pub(super) fn of(request: &ApiRequest<'_>) -> Self {
        Self::with_default(request, PER_PAGE)
    }

    pub(super) fn of_changes(request: &ApiRequest<'_>) -> Self {
        Self::with_default(request, CHANGES_PER_PAGE)
    }

    fn with_default(request: &ApiRequest<'_>, per_page: u64) -> Self {
        let number = |name| request.parameters.number(name);
        Self {
            total: 0,
            page: number("page").unwrap_or(1),
            per_page: number("per_page").unwrap_or(per_page),
            until: None,
        }
    }

    pub(super) fn with_total(self, total: u64) -> Self {
        Self { total, ..self }
    }

    pub(super) fn until(self, version: u64) -> Self {
        Self {
            until: Some(version),
            ..self
        }
    }

    /// Numbers of entries to skip and to take.
    pub(super) fn skip_take(&self) -> (usize, usize) {
        let skip = (self.page - 1).saturating_mul(self.per_page);
        let bounded = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        (bounded(skip), bounded(self.per_page))
    }

    /// The entries of a whole list that are on this page.
    pub(super) fn slice<'t, T>(&self, all: &'t [T]) -> &'t [T] {
        let (skip, take) = self.skip_take();
        let start = skip.min(all.len());
        &all[start..start.saturating_add(take).min(all.len())]
    }

    /// The `Link` header: the first, previous, next and last page.
    pub(super) fn links(&self, root: &str, uri: &Uri) -> String {
        let last = self.total.div_ceil(self.per_page).max(1);
        let existing = |page: u64| (1..=last).contains(&page).then_some(page);
        let pages = [
            ("first", Some(1)),
            ("prev", self.page.checked_sub(1).and_then(existing)),
            ("next", existing(self.page + 1)),
            ("last", Some(last)),
        ];
        let address = |page: u64| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            let is_set_here =
                |name: &str| name == "page" || (name == "until" && self.until.is_some());
            let others = crate::http::query::pairs(uri).filter(|(name, _)| !is_set_here(name));
            query.extend_pairs(others);
            if let Some(until) = self.until {
                query.append_pair("until", &until.to_string());
            }
            query.append_pair("page", &page.to_string());
            format!("{root}{}?{}", uri.path(), query.finish())
        };
        let links = pages.into_iter().filter_map(|(relation, page)| {
            Some(format!("<{}>; rel=\"{relation}\"", address(page?)))
        });
        links.collect::<Vec<_>>().join(", ")
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub(super) struct PagedList<T> {
    /// The catalogue version; 0 is the built-in catalogue.
    version: u64,
    #[serde(flatten)]
    pub(super) page: PageInfo,
    /// The entries of this page.
    items: Vec<T>,
}

impl<T> PagedList<T> {
    /// A page of a list of `total` items.
    pub(super) fn new(
        request: &ApiRequest<'_>,
        page: PageInfo,
        total: u64,
        items: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            version: request.site.version(),
            page: page.with_total(total),
            items: items.into_iter().collect(),
        }
    }
}

impl<'t, T> PagedList<&'t T> {
    /// The requested page of a whole list.
    pub(super) fn of(request: &ApiRequest<'_>, all: &'t [T]) -> Self {
        let page = PageInfo::of(request);
        Self::new(request, page, all.len() as u64, page.slice(all))
    }
}
