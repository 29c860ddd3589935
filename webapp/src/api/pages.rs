//! The pages that every list has, and the one shape of a list.

use http::Uri;
use serde_json::{Value, json};

use super::operation::{Answer, Asked};
use super::parameter::{Form, LARGEST, Parameter};

const PER_PAGE: u64 = 100;
const MOST_PER_PAGE: u64 = 250;

/// What chooses a page of any list.
pub(super) fn paging() -> Vec<Parameter> {
    vec![
        Parameter::new(
            "page",
            Form::Number(1, LARGEST),
            "Which page of the list.",
            "1",
        ),
        Parameter::new(
            "per_page",
            Form::Number(1, MOST_PER_PAGE),
            "How many a page has; 100 unless told.",
            "10",
        ),
    ]
}

/// A page of a list and the way to the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages {
    page: u64,
    per_page: u64,
    total: u64,
}

impl Pages {
    pub(super) fn of(asked: &Asked<'_>) -> Self {
        Self {
            page: asked.values.number("page").unwrap_or(1),
            per_page: asked.values.number("per_page").unwrap_or(PER_PAGE),
            total: 0,
        }
    }

    /// How many items come before the page, and how many it has.
    pub(super) fn stretch(&self) -> (usize, usize) {
        let skip = (self.page - 1).saturating_mul(self.per_page);
        let bounded = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        (bounded(skip), bounded(self.per_page))
    }

    /// The list's one shape.
    pub(super) fn list(mut self, asked: &Asked<'_>, total: u64, items: Vec<Value>) -> Answer {
        self.total = total;
        let body = json!({
            "version": asked.site.version(),
            "total": total,
            "page": self.page,
            "per_page": self.per_page,
            "items": items,
        });
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
            let others = crate::query::pairs(uri).filter(|(name, _)| name != "page");
            query.extend_pairs(others);
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
            "version": {"type": "integer", "minimum": 0, "description": "The catalogue's version; 0 is the one that is compiled in."},
            "total": {"type": "integer", "minimum": 0, "description": "How many there are on all pages."},
            "page": {"type": "integer", "minimum": 1},
            "per_page": {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE},
            "items": {"type": "array", "items": items},
        },
    })
}
