//! The expected content of the store, in the simplest form.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use common::models::{Catalogue, Facts, Id, Item, Kind};
use common::repository::{
    Base, Commit, Head, HeadPatch, Header, PartKind, PartName, Release, Snapshot, ViewDocument,
};

/// The result of a check; the error describes the broken promise.
pub(super) type Check<T = ()> = Result<T, String>;

/// Returns an error with this text unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+));
        }
    };
}
pub(super) use ensure;

/// The expected head.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) lineage: String,
    pub(super) fence: u64,
    pub(super) version: u64,
    pub(super) lease: Option<Lease>,
    pub(super) log: Vec<Header>,
    pub(super) base: Option<Base>,
    pub(super) pin: Option<u64>,
    pub(super) approval: Option<String>,
    pub(super) dirty: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub(super) holder: String,
    pub(super) is_expired: bool,
}

/// Every version ever published, in any store, including those that a crash took back.
#[derive(Debug, Default)]
pub(super) struct Published {
    versions: Vec<(String, Header, Catalogue)>,
    /// Leases whose publisher learned that it published nothing.
    nothing: HashSet<(String, u64)>,
    /// Whether parts were lost or corrupted at rest, so that somebody may see damage.
    pub(super) has_damaged_parts: bool,
}

impl Model {
    pub(super) fn grants(&self, holder: &str) -> bool {
        let other = |lease: &Lease| lease.holder != holder && !lease.is_expired;
        !self.lease.as_ref().is_some_and(other)
    }

    pub(super) fn acquire(&mut self, holder: &str) {
        self.dirty |= self.lease.is_some();
        self.fence += 1;
        self.lease = Some(Lease {
            holder: holder.to_owned(),
            is_expired: false,
        });
    }

    pub(super) fn may_commit(&self, commit: &Commit) -> bool {
        commit.fence == self.fence && commit.header.version == self.version + 1
    }

    /// A version is published; `header` is the one that the store made of it.
    pub(super) fn commit(&mut self, commit: &Commit, header: Header, retention: u64) -> Check {
        let pending = Header {
            at: header.at,
            ..commit.header.clone()
        };
        ensure!(
            header == pending,
            "pending for {pending:?}, published {header:?}"
        );
        self.version += 1;
        self.log.push(header);
        let kept = usize::try_from(retention).unwrap();
        self.log.drain(..self.log.len().saturating_sub(kept));
        let oldest = self.log[0].version;
        // A repair drops the versions that cannot be rebuilt any more.
        ensure!(
            commit.keep_from <= oldest || repairs(&commit.header),
            "{commit:?} drops versions from {oldest} on"
        );
        self.log.retain(|header| header.version >= commit.keep_from);
        self.base = commit.base.or(self.base);
        self.pin = commit.pin;
        self.approval = None;
        self.dirty = true;
        let loads_from = self.base.map_or(0, |base| base.version);
        ensure!(
            loads_from > 0 && self.log[0].version <= loads_from + 1,
            "the head lost what loading needs: base {:?}, log from {}",
            self.base,
            self.log[0].version
        );
        Ok(())
    }

    pub(super) fn patch_head(&mut self, patch: &HeadPatch) {
        match patch {
            HeadPatch::Pin(pin) => self.pin = *pin,
            HeadPatch::Approval(approval) => self.approval.clone_from(approval),
            other => panic!("no run of the machine makes {other:?}"),
        }
    }

    pub(super) fn release(&mut self, release: Release) {
        self.lease = None;
        self.dirty &= !release.is_view_current;
    }

    /// Whether this is the lease of now.
    pub(super) fn holds(&self, fence: u64) -> bool {
        self.fence == fence && self.lease.is_some()
    }

    /// The head of the store is the model's.
    pub(super) fn agrees(&self, head: &Head) -> Check {
        macro_rules! same {
            ($($field:ident)+) => {$(
                ensure!(
                    head.$field == self.$field,
                    "the head's {}: {:?}, expected {:?}",
                    stringify!($field), head.$field, self.$field
                );
            )+};
        }
        same!(lineage fence version log base pin approval dirty);
        let holders = [
            head.lease.as_ref().map(|lease| &lease.holder),
            self.lease.as_ref().map(|lease| &lease.holder),
        ];
        ensure!(holders[0] == holders[1], "the lease is with {holders:?}");
        Ok(())
    }

    /// Whether the head names a part.
    pub(super) fn names(&self, part: &PartName) -> bool {
        self.named().any(|name| name == *part)
    }

    /// All parts that the head names.
    pub(super) fn named(&self) -> impl Iterator<Item = PartName> {
        let changes = self
            .log
            .iter()
            .map(|header| (PartKind::Changes, header.fence, header.parts));
        let base = self
            .base
            .map(|base| (PartKind::Base, base.fence, base.parts));
        changes.chain(base).flat_map(|(kind, fence, parts)| {
            (0..parts).map(move |index| PartName { kind, fence, index })
        })
    }
}

/// Whether a version was published in place of one that could not be read wholly.
pub(super) fn repairs(header: &Header) -> bool {
    header
        .note
        .as_ref()
        .is_some_and(|note| note.starts_with("repaired: "))
}

/// Whether it is that version once more.
pub(super) fn restores(header: &Header) -> bool {
    let note = header.note.as_deref().unwrap_or_default();
    repairs(header) && note.ends_with("republished in full")
}

impl Published {
    pub(super) fn add(&mut self, lineage: &str, header: Header, catalogue: Catalogue) -> Check {
        ensure!(
            !self.nothing.contains(&(lineage.to_owned(), header.fence)),
            "version {} was published although its publisher learned that it published nothing",
            header.version
        );
        self.versions.push((lineage.to_owned(), header, catalogue));
        Ok(())
    }

    /// A publisher learned that it published nothing, which must stay true.
    pub(super) fn nothing(&mut self, lineage: &str, fence: u64) -> Check {
        let published = |(other, header, _): &(String, Header, Catalogue)| {
            other == lineage && header.fence == fence
        };
        ensure!(
            !self.versions.iter().any(published),
            "a publisher learned that it published nothing, but lease {fence} has a version"
        );
        self.nothing.insert((lineage.to_owned(), fence));
        Ok(())
    }

    pub(super) fn content(&self, lineage: &str, header: &Header) -> Option<&Catalogue> {
        self.versions
            .iter()
            .find(|(other, published, _)| other == lineage && published == header)
            .map(|(.., catalogue)| catalogue)
    }

    /// Checks that a snapshot is exactly a published version.
    pub(super) fn check_snapshot(&self, seen: &Snapshot, who: &str) -> Check {
        let Some(content) = self.content(&seen.lineage, &seen.header) else {
            return Err(format!(
                "{who} sees a version that was never published: {:?}",
                seen.header
            ));
        };
        if self.has_damaged_parts && !seen.damage.is_empty() {
            return Ok(());
        }
        ensure!(
            seen.damage.is_empty(),
            "{who} sees damage: {:?}",
            seen.damage
        );
        ensure!(
            *content == seen.catalogue,
            "{who} sees version {} with another content: {:?}",
            seen.version(),
            content
                .changes_to(&seen.catalogue)
                .iter()
                .map(|change| (change.id, change.before, change.after))
                .collect::<Vec<_>>()
        );
        Ok(())
    }
}

/// The view's documents, each in a line.
pub(super) type View = BTreeMap<(Kind, Id), String>;

/// The view that a catalogue must have.
pub(super) fn view_of(catalogue: &Catalogue) -> View {
    let line = |kind, id: &Id| match &catalogue.get(kind, id)?.facts {
        Facts::Movie(movie) => {
            let (humans, others): (Vec<_>, Vec<_>) = catalogue
                .resolve(Kind::Person, &movie.people)
                .into_iter()
                .map(|person| (catalogue.is_human(&person), person))
                .partition(|(human, _)| *human);
            let names = |people: Vec<(bool, Arc<Item>)>| -> Vec<String> {
                let names = people
                    .into_iter()
                    .map(|(_, person)| person.name().to_owned());
                names.collect()
            };
            Some(format!(
                "{} {:?} {:?}",
                movie.title,
                names(humans),
                names(others)
            ))
        }
        Facts::Person(person) => Some(format!("{} {}", person.name, person.species.is_some())),
        _ => Some(catalogue.get(kind, id)?.name().to_owned()),
    };
    let items = catalogue.all().map(|item| (item.kind(), item.id.clone()));
    items
        .map(|(kind, id)| {
            let line = line(kind, &id).unwrap_or_default();
            ((kind, id), line)
        })
        .collect()
}

/// A document of the view in a line.
pub(super) fn shown(document: &ViewDocument) -> ((Kind, Id), String) {
    let fields = document.fields.clone().unwrap_or_default();
    let text = |field: &str| fields[field].as_str().unwrap_or("?").to_owned();
    let names = |field: &str| -> Vec<String> {
        let people = fields[field].as_array().cloned().unwrap_or_default();
        let name = |person: &serde_json::Value| person["name"].as_str().map(str::to_owned);
        people.iter().filter_map(name).collect()
    };
    let line = match document.kind {
        Kind::Movie => format!(
            "{} {:?} {:?}",
            text("title"),
            names("people"),
            names("other_people")
        ),
        Kind::Person => format!("{} {}", text("name"), !fields["species"].is_null()),
        _ => text("name"),
    };
    ((document.kind, document.id.clone()), line)
}
