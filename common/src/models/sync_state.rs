use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most severe condition of the catalogue and its syncs, in the order of severity.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// The last sync is held for review.
    Held,
    /// The database cannot be read.
    DatabaseUnavailable,
    /// The last sync failed.
    SourceUnavailable,
    /// No sync has finished in time, or the last one is dated in the future.
    NoRecentSync,
    /// A version is pinned, so nothing is published.
    Pinned,
    /// No sync has finished yet.
    Waiting,
    /// None of the others.
    UpToDate,
}

impl SyncState {
    /// All states, the most severe first.
    pub const ALL: [Self; 7] = [
        Self::Held,
        Self::DatabaseUnavailable,
        Self::SourceUnavailable,
        Self::NoRecentSync,
        Self::Pinned,
        Self::Waiting,
        Self::UpToDate,
    ];

    /// The name for programs, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::DatabaseUnavailable => "database_unavailable",
            Self::SourceUnavailable => "source_unavailable",
            Self::NoRecentSync => "no_recent_sync",
            Self::Pinned => "pinned",
            Self::Waiting => "waiting",
            Self::UpToDate => "up_to_date",
        }
    }
}

/// The conditions that hold. Several can hold at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// The last sync is held for review.
    pub held: bool,
    /// The database cannot be read.
    pub database_unavailable: bool,
    /// The last sync failed.
    pub source_unavailable: bool,
    /// All syncs have failed for more than ten intervals.
    pub source_unavailable_long: bool,
    /// No sync has finished in time, or the last one is dated in the future.
    pub no_recent_sync: bool,
    /// A version is pinned, so nothing is published.
    pub pinned: bool,
    /// No sync has finished yet.
    pub waiting: bool,
    /// Parts of the published version are lost or damaged in the database.
    pub database_damaged: bool,
    /// More records of a kind are quarantined than half of the share that holds a sync.
    pub quarantine_high: bool,
}

impl Conditions {
    /// The most severe state.
    pub fn state(&self) -> SyncState {
        let mut states = SyncState::ALL.into_iter();
        let state = states.find(|state| self.holds(*state));
        state.unwrap_or(SyncState::UpToDate)
    }

    /// Whether an operator has to look into it. A pin, a first sync under way and a short outage of
    /// the source need no attention.
    pub const fn needs_attention(&self) -> bool {
        self.held
            || self.database_unavailable
            || self.source_unavailable_long
            || self.no_recent_sync
            || self.database_damaged
            || self.quarantine_high
    }

    /// Whether the condition of a state holds. False for [`SyncState::UpToDate`], which means that
    /// no other state's condition holds.
    pub const fn holds(&self, state: SyncState) -> bool {
        match state {
            SyncState::Held => self.held,
            SyncState::DatabaseUnavailable => self.database_unavailable,
            SyncState::SourceUnavailable => self.source_unavailable,
            SyncState::NoRecentSync => self.no_recent_sync,
            SyncState::Pinned => self.pinned,
            SyncState::Waiting => self.waiting,
            SyncState::UpToDate => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    const DOCUMENT: &str = include_str!("../../../docs/operations.md");
    const CONDITIONS: u32 = 9;

    /// A row of the documented table.
    struct TableRow {
        conditions: Conditions,
        state: SyncState,
        needs_attention: bool,
    }

    fn documented() -> Vec<TableRow> {
        let lines = DOCUMENT.lines();
        let table = lines.skip_while(|line| !line.starts_with("| Conditions | `state` |"));
        let rows = table.skip(2).take_while(|line| line.starts_with('|'));
        rows.map(row).collect()
    }

    fn row(line: &str) -> TableRow {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [conditions, state, attention] = cells[..] else {
            panic!("not three cells: {line}");
        };
        let names = conditions.split('`').skip(1).step_by(2);
        let holding: Map<_, _> = names.map(|name| (name.to_owned(), true.into())).collect();
        let state = Value::from(state.trim_matches('`'));
        TableRow {
            conditions: serde_json::from_value(holding.into()).unwrap(),
            state: serde_json::from_value(state).unwrap(),
            needs_attention: match attention {
                "yes" => true,
                "no" => false,
                other => panic!("neither yes nor no: {other}"),
            },
        }
    }

    #[test]
    fn state_and_attention_are_those_of_the_documented_table() {
        let rows = documented();
        assert!(rows.len() > 15, "{} rows", rows.len());
        for row in rows {
            let conditions = row.conditions;
            assert_eq!(conditions.state(), row.state, "{conditions:?}");
            let needs_attention = conditions.needs_attention();
            assert_eq!(needs_attention, row.needs_attention, "{conditions:?}");
        }
    }

    /// The conditions of a combination, as bits in the order of the fields.
    fn combination(bits: u32) -> Conditions {
        let Value::Object(fields) = serde_json::to_value(Conditions::default()).unwrap() else {
            panic!("an object");
        };
        assert_eq!(fields.len(), CONDITIONS as usize);
        let fields = fields.into_iter().zip(0..);
        let fields: Map<_, _> = fields
            .map(|((name, _), bit)| (name, (bits & (1 << bit) != 0).into()))
            .collect();
        serde_json::from_value(fields.into()).unwrap()
    }

    #[test]
    fn several_conditions_have_the_most_severe_state_and_the_attention_of_any() {
        let rows = documented();
        let alone = |bit: u32| {
            let conditions = combination(1 << bit);
            let mut rows = rows.iter();
            rows.find(|row| row.conditions == conditions)
                .unwrap_or_else(|| panic!("no row for {conditions:?} alone"))
        };
        for bits in 0..1 << CONDITIONS {
            let conditions = combination(bits);
            let holding = (0..CONDITIONS).filter(|bit| bits & (1 << bit) != 0);
            let holding: Vec<_> = holding.map(alone).collect();
            let state = holding.iter().map(|row| row.state).min();
            let expected = state.unwrap_or(SyncState::UpToDate);
            assert_eq!(conditions.state(), expected, "{conditions:?}");
            let needs_attention = holding.iter().any(|row| row.needs_attention);
            assert_eq!(
                conditions.needs_attention(),
                needs_attention,
                "{conditions:?}"
            );
        }
    }

    #[test]
    fn a_name_is_the_one_in_json() {
        for state in SyncState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }
}
