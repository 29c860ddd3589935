use super::script::leading_integer;
use super::{Answer, Page};

/// How many records a page has unless told.
const PER_PAGE: i64 = 10;

/// The part of a list that is wanted, each bound as it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
    pub(super) limit: Option<String>,
    pub(super) page: Option<String>,
}

impl Window {
    pub(super) fn cut<T>(&self, records: Vec<T>) -> Answer<T> {
        let length = i64::try_from(records.len()).unwrap_or(i64::MAX);
        let is_part = self.end.is_some() || self.limit.is_some() || self.page.is_some();
        let total = is_part.then_some(records.len());
        let number = |text: &Option<String>| text.as_deref().and_then(leading_integer);
        let start = number(&self.start).unwrap_or(0);
        let mut links = None;
        let (from, until) = if self.page.is_some() {
            let page = number(&self.page).filter(|page| *page >= 1).unwrap_or(1);
            let per_page = number(&self.limit)
                .filter(|limit| *limit != 0)
                .unwrap_or(PER_PAGE);
            let bounds = (
                (page - 1).saturating_mul(per_page),
                page.saturating_mul(per_page),
            );
            links = Some(pages(page, per_page, bounds, length));
            bounds
        } else if self.end.is_some() {
            (start, number(&self.end).unwrap_or(0))
        } else if self.limit.is_some() {
            // What is no number ends the stretch at the first record.
            (
                start,
                number(&self.limit).map_or(0, |limit| start.saturating_add(limit)),
            )
        } else {
            (0, length)
        };
        let (from, until) = (place(from, length), place(until, length));
        let records = records.into_iter().skip(from);
        Answer {
            records: records.take(until.saturating_sub(from)).collect(),
            total,
            links,
        }
    }
}

/// A bound of `slice`: a negative one counts from the end.
fn place(bound: i64, length: i64) -> usize {
    let place = if bound < 0 {
        bound.saturating_add(length)
    } else {
        bound
    };
    usize::try_from(place.clamp(0, length)).unwrap_or(0)
}

fn pages(
    page: i64,
    per_page: i64,
    (from, until): (i64, i64),
    length: i64,
) -> Vec<(&'static str, Page)> {
    let shown = place(until, length).saturating_sub(place(from, length));
    let shown = i64::try_from(shown).unwrap_or(i64::MAX);
    let is_all = shown == length;
    if shown == 0 {
        return Vec::new();
    }
    // Where all are on one page the original does not know which one it is.
    let current = page;
    let link = |wanted| Page { current, wanted };
    let mut links = Vec::new();
    if !is_all {
        links.push(("first", link(1)));
    }
    if page > 1 {
        links.push(("prev", link(page - 1)));
    }
    if until < length {
        links.push(("next", link(page + 1)));
    }
    if !is_all {
        // Rounded up, as a quotient of two positive numbers; a negative page has none.
        let last = if per_page > 0 {
            (length + per_page - 1) / per_page
        } else {
            length / per_page
        };
        links.push(("last", link(last)));
    }
    links
}
