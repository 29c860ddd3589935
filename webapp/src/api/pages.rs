//! The pages that every list has, and the one shape of a list.

use http::Uri;
use serde_json::{Value, json};

use super::operation::{Answer, Asked};
use super::parameter::{Form, LARGEST, Parameter};

const PER_PAGE: u64 = 100;
const MOST_PER_PAGE: u64 = 250;
/// A page of changes is larger, so that most versions fit on one.
const CHANGES_PER_PAGE: u64 = 500;
const MOST_CHANGES_PER_PAGE: u64 = 1_000;

/// What chooses a page of a list.
pub(super) fn paging() -> Vec<Parameter> {
    page_parameters(MOST_PER_PAGE, "Items per page; 100 by default.")
}

/// What chooses a page of changes.
pub(super) fn paging_of_changes() -> Vec<Parameter> {
    page_parameters(MOST_CHANGES_PER_PAGE, "Changes per page; 500 by default.")
}

fn page_parameters(most_per_page: u64, per_page: &'static str) -> Vec<Parameter> {
    vec![
        Parameter::new("page", Form::Number(1, LARGEST), "Page number.", "1"),
        Parameter::new("per_page", Form::Number(1, most_per_page), per_page, "10"),
    ]
}

/// A page of a list and the way to the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages {
    page: u64,
    per_page: u64,
    total: u64,
    /// The version up to which changes are listed, which the links to the other pages name.
    until: Option<u64>,
}

impl Pages {
    pub(super) fn of(asked: &Asked<'_>) -> Self {
        Self::with(asked, PER_PAGE)
    }

    pub(super) fn of_changes(asked: &Asked<'_>) -> Self {
        Self::with(asked, CHANGES_PER_PAGE)
    }

    fn with(asked: &Asked<'_>, per_page: u64) -> Self {
        Self {
            page: asked.values.number("page").unwrap_or(1),
            per_page: asked.values.number("per_page").unwrap_or(per_page),
            total: 0,
            until: None,
        }
    }

    /// The same pages of the changes up to a version, even after a later one.
    pub(super) fn until(self, version: u64) -> Self {
        Self {
            until: Some(version),
            ..self
        }
    }

    /// How many items come before the page, and how many it has.
    pub(super) fn stretch(&self) -> (usize, usize) {
        let skip = (self.page - 1).saturating_mul(self.per_page);
        let bounded = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        (bounded(skip), bounded(self.per_page))
    }

    /// The list's one shape.
    pub(super) fn list(self, asked: &Asked<'_>, total: u64, items: Vec<Value>) -> Answer {
        let mut answer = self.answer(json!({"version": asked.site.version()}), total);
        answer.body["items"] = items.into();
        answer
    }

    /// A page of so many in all, in any shape.
    pub(super) fn answer(mut self, mut body: Value, total: u64) -> Answer {
        self.total = total;
        body["total"] = total.into();
        body["page"] = self.page.into();
        body["per_page"] = self.per_page.into();
        Answer {
            pages: Some(self),
            ..Answer::of(body)
        }
    }

    /// The stretch of a whole list that the page has, in the list's shape.
    pub(super) fn cut<T>(
        self,
        asked: &Asked<'_>,
        all: &[T],
        told: impl FnMut(&T) -> Value,
    ) -> Answer {
        let (skip, take) = self.stretch();
        let items = all.iter().skip(skip).take(take).map(told).collect();
        self.list(asked, all.len() as u64, items)
    }

    /// The `Link` header: the first page, the last one, and those beside this one.
    pub(super) fn links(&self, root: &str, uri: &Uri) -> String {
        let last = self.total.div_ceil(self.per_page).max(1);
        let beside = |page: u64| (1..=last).contains(&page).then_some(page);
        let pages = [
            ("first", Some(1)),
            ("prev", self.page.checked_sub(1).and_then(beside)),
            ("next", beside(self.page + 1)),
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

/// The description of a list of something.
pub(super) fn list_schema(items: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["version", "total", "page", "per_page", "items"],
        "properties": {
            "version": {"type": "integer", "minimum": 0, "description": "The catalogue version; 0 is the built-in catalogue."},
            "total": {"type": "integer", "minimum": 0, "description": "Number of items on all pages together."},
            "page": {"type": "integer", "minimum": 1},
            "per_page": {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE},
            "items": {"type": "array", "items": items},
        },
    })
}

/// The descriptions of what a page of changes says of itself.
pub(super) fn changes_page_properties() -> [(&'static str, Value); 3] {
    [
        (
            "total",
            json!({"type": "integer", "minimum": 0, "description": "Changes on all pages."}),
        ),
        ("page", json!({"type": "integer", "minimum": 1})),
        (
            "per_page",
            json!({"type": "integer", "minimum": 1, "maximum": MOST_CHANGES_PER_PAGE}),
        ),
    ]
}
