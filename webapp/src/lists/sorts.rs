//! The sort orders of each kind's list.

use common::models::Kind;

use catalogue_index::Sort;

/// A value of the `sort` parameter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SortOption {
    /// The value: a name, with `-` before it for descending order.
    pub(crate) name: &'static str,
    /// The text for readers of the pages.
    pub(crate) label: &'static str,
    /// The same to follow “Sorted by”.
    pub(crate) phrase: &'static str,
    /// The sort field, and whether the order is descending.
    pub(crate) order: (Sort, bool),
}

const fn ascending(
    name: &'static str,
    sort: Sort,
    label: &'static str,
    phrase: &'static str,
) -> SortOption {
    SortOption {
        name,
        label,
        phrase,
        order: (sort, false),
    }
}

const fn descending(
    name: &'static str,
    sort: Sort,
    label: &'static str,
    phrase: &'static str,
) -> SortOption {
    SortOption {
        name,
        label,
        phrase,
        order: (sort, true),
    }
}

#[rustfmt::skip] // One option a line.
static MOVIES: [SortOption; 8] = [
    ascending("title", Sort::Name, "Title, A to Z", "title"),
    descending("-title", Sort::Name, "Title, Z to A", "title, Z to A"),
    descending("-year", Sort::Year, "Newest first", "year, newest first"),
    ascending("year", Sort::Year, "Oldest first", "year, oldest first"),
    descending("-score", Sort::Score, "Highest rated first", "critics’ score"),
    ascending("score", Sort::Score, "Lowest rated first", "critics’ score, lowest first"),
    descending("-running_time", Sort::RunningTime, "Longest first", "running time, longest first"),
    ascending("running_time", Sort::RunningTime, "Shortest first", "running time, shortest first"),
];
static OTHERS: [SortOption; 2] = [
    ascending("name", Sort::Name, "Name, A to Z", "name"),
    descending("-name", Sort::Name, "Name, Z to A", "name, Z to A"),
];

/// The sort orders of a kind's list, besides the source's own, which is the default.
pub(crate) fn options(kind: Kind) -> &'static [SortOption] {
    match kind {
        Kind::Movie => &MOVIES,
        _ => &OTHERS,
    }
}

/// The sort order with this name.
pub(crate) fn find(kind: Kind, name: &str) -> Option<&'static SortOption> {
    options(kind).iter().find(|option| option.name == name)
}
