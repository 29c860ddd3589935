use common::models::{Facts, Item};

/// The sort key of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The source's own order.
    #[default]
    Source,
    /// The title or name in natural order: folded as by the search, numbers by value, signs ignored.
    Name,
    /// The year of the first release. Only movies have one, as below.
    Year,
    /// The score in percent.
    Score,
    /// The running time in minutes.
    RunningTime,
}

impl Sort {
    pub(crate) const ALL: [Self; 5] = [
        Self::Source,
        Self::Name,
        Self::Year,
        Self::Score,
        Self::RunningTime,
    ];

    /// An item's key in a sort by number.
    pub(crate) fn number(self, item: &Item) -> Option<u16> {
        match (self, &item.facts) {
            (Self::Year, Facts::Movie(movie)) => movie.release_year,
            (Self::Score, Facts::Movie(movie)) => movie.score_percent.map(u16::from),
            (Self::RunningTime, Facts::Movie(movie)) => movie.running_time_minutes,
            _ => None,
        }
    }
}
