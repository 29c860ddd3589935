use std::fmt;

/// The kinds of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// The changes of a version.
    Changes,
    /// A whole catalogue.
    Base,
    /// Rows of the tables, from a backup.
    Rows,
}

impl PartKind {
    /// Its name in the names of parts.
    const fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Base => "base",
            Self::Rows => "rows",
        }
    }
}

/// The name of a part. A part is written once: the same name always has the same content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartName {
    /// Its kind.
    pub kind: PartKind,
    /// The fence of the lease that wrote it.
    pub fence: u64,
    /// Its index, from 0.
    pub index: u32,
}

impl fmt::Display for PartName {
    /// `changes/00000000000000000012/000003`: names sort by kind, fence and index.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.name();
        write!(f, "{kind}/{:020}/{:06}", self.fence, self.index)
    }
}

impl PartName {
    /// Parses a name; `None` if it is not one.
    pub fn parse(name: &str) -> Option<Self> {
        let mut words = name.split('/');
        let kind = words.next()?;
        let kinds = [PartKind::Changes, PartKind::Base, PartKind::Rows];
        Some(Self {
            kind: kinds.into_iter().find(|found| found.name() == kind)?,
            fence: words.next()?.parse().ok()?,
            index: words.next()?.parse().ok()?,
        })
    }
}
