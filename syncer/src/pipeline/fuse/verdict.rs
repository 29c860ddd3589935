//! The verdict of the fuse on a sync.

use std::fmt;

use common::models::Kind;
use xxhash_rust::xxh3::Xxh3;

/// Losses of a kind up to this number are never held, whatever their share.
pub(super) const MAX_FEW: usize = 3;

/// Maximum number of items that a violation names.
const MAX_EXAMPLES: usize = 3;

/// Characters of an item's name that a violation quotes.
const MAX_EXAMPLE_CHARS: usize = 120;

/// The rules that a sync breaks; it is held if there are any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FuseVerdict {
    pub(crate) violations: Vec<Violation>,
}

/// A broken rule, with its figures for one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) rule: FuseRule,
    /// `None` for items of all kinds.
    pub(crate) kind: Option<Kind>,
    /// Number of items or records that break the rule.
    pub(super) count: usize,
    /// Number of items published, or of records received.
    pub(super) of: usize,
    /// The limit in percent; for [`FuseRule::Duplicates`] a number.
    pub(super) limit: u64,
    /// Names of the first few.
    pub(super) examples: Vec<String>,
    /// XXH3 of all their names.
    pub(super) digest: u128,
}

/// The rules of the fuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FuseRule {
    /// A kind has no records at all.
    Empty,
    /// Items are missing or changed beyond recognition.
    Lost,
    /// Items are lost with parts of the store, and the source does not have them.
    Unrecovered,
    /// Items lost a value.
    Blanked,
    /// Records cannot be read.
    Unreadable,
    /// Records repeat the id of another.
    Duplicates,
}

impl FuseVerdict {
    pub(crate) fn is_held(&self) -> bool {
        !self.violations.is_empty()
    }

    /// The broken rules in words; `None` if the sync is not held.
    pub(crate) fn reason(&self) -> Option<String> {
        let reasons: Vec<_> = self.violations.iter().map(ToString::to_string).collect();
        self.is_held().then(|| reasons.join("; "))
    }

    /// The settings of the broken rules, sorted.
    pub(crate) fn settings(&self) -> Vec<String> {
        let settings = self.violations.iter();
        let mut settings: Vec<_> = settings
            .map(|violation| violation.rule.setting().to_owned())
            .collect();
        settings.sort();
        settings.dedup();
        settings
    }

    /// Adds all that makes this verdict differ from others to a digest.
    pub(crate) fn hash_into(&self, digest: &mut Xxh3) {
        for violation in &self.violations {
            digest.update(violation.rule.setting().as_bytes());
            digest.update(violation.kind.map_or("item", Kind::singular).as_bytes());
            digest.update(&violation.digest.to_le_bytes());
        }
    }
}

impl Violation {
    pub(super) fn new(
        rule: FuseRule,
        kind: impl Into<Option<Kind>>,
        (count, of): (usize, usize),
        limit: impl Into<u64>,
        names: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut digest = Xxh3::new();
        let mut examples = Vec::new();
        for name in names {
            digest.update(name.as_bytes());
            digest.update(b"\n");
            if examples.len() < MAX_EXAMPLES {
                examples.push(name.chars().take(MAX_EXAMPLE_CHARS).collect());
            }
        }
        Self {
            rule,
            kind: kind.into(),
            count,
            of,
            limit: limit.into(),
            examples,
            digest: digest.digest128(),
        }
    }
}

impl FuseRule {
    /// The name of its setting.
    pub(crate) const fn setting(self) -> &'static str {
        match self {
            Self::Empty => "fuse_empty",
            Self::Lost | Self::Unrecovered => "fuse_lost",
            Self::Blanked => "fuse_blanked",
            Self::Unreadable => "fuse_unreadable",
            Self::Duplicates => "fuse_duplicates",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            kind,
            count,
            of,
            limit,
            ..
        } = self;
        let kind = kind.map_or("items", Kind::plural);
        match rule {
            FuseRule::Empty if *of == 0 => write!(f, "the source has no {kind} at all")?,
            FuseRule::Empty => {
                write!(f, "the source has no {kind} at all, but {of} are published")?
            }
            FuseRule::Lost => write!(
                f,
                "{count} of {of} {kind} are missing or changed beyond recognition (limit: {MAX_FEW} items or {limit}%)"
            )?,
            FuseRule::Unrecovered => write!(
                f,
                "{count} of {of} {kind} are lost with parts of the database and missing from the source (limit: {MAX_FEW} items or {limit}%)"
            )?,
            FuseRule::Blanked => {
                let floor = if count == of {
                    String::new()
                } else {
                    format!("{MAX_FEW} items or ")
                };
                write!(
                    f,
                    "{count} of {of} {kind} lost a value (limit: {floor}{limit}%)"
                )?
            }
            FuseRule::Unreadable => {
                write!(f, "{count} of {of} {kind} cannot be read (limit: {limit}%)")?
            }
            FuseRule::Duplicates => write!(
                f,
                "{count} of {of} {kind} repeated another record’s ID (limit: {limit})"
            )?,
        }
        if !self.examples.is_empty() {
            let more = if self.count > self.examples.len() {
                ", …"
            } else {
                ""
            };
            write!(f, ": {}{more}", self.examples.join(", "))?;
        }
        write!(f, " ({})", rule.setting())
    }
}
