use crate::field::Field;

/// The role that a filmmaker is credited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Directed movies.
    Director,
    /// Produced movies.
    Producer,
}

impl Role {
    /// All roles in display order.
    pub const ALL: [Self; 2] = [Self::Director, Self::Producer];

    /// The field of movies with the names.
    pub const fn field(self) -> Field {
        match self {
            Self::Director => Field::Director,
            Self::Producer => Field::Producer,
        }
    }

    pub(crate) fn of(field: Field) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.field() == field)
    }

    /// The singular, which is also the name of the field and its filter.
    pub const fn singular(self) -> &'static str {
        match self {
            Self::Director => "director",
            Self::Producer => "producer",
        }
    }

    /// The plural, which is also the path segment.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Director => "directors",
            Self::Producer => "producers",
        }
    }
}
