//! Loading: a whole state, or the steps from a known one.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};

use crate::models::{Catalogue, Change};
use crate::repository::blocking::run_blocking;
use crate::repository::content::ContentDigest;
use crate::repository::head::{Base, Head, Header};
use crate::repository::part_name::{PartKind, PartName};
use crate::repository::parts::{self, Damage};
use crate::repository::store::{Result, Store, StoreError};

const CONCURRENT_READS: usize = 4;
/// How often a part may be missing under an unchanged head before it counts as lost.
const MAX_MISSING_READS: u32 = 6;

/// What happens if parts are missing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MissingParts {
    /// The others are read; the missing ones are damage.
    Skip,
    /// Nothing is returned.
    Fail,
}

impl MissingParts {
    /// They are skipped if they were missing in enough reads before.
    const fn after(reads: u32) -> Self {
        match reads >= MAX_MISSING_READS {
            true => Self::Skip,
            false => Self::Fail,
        }
    }
}
const RETRY_DELAY: Duration = Duration::from_millis(50);

/// The catalogue at a published version. A clone shares it.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The store's lineage.
    pub lineage: Arc<str>,
    /// The version's identity.
    pub header: Header,
    /// All its items.
    pub catalogue: Catalogue,
    /// Parts and entries that could not be read.
    pub damage: Vec<Damage>,
}

impl Snapshot {
    /// The version's number.
    pub const fn version(&self) -> u64 {
        self.header.version
    }

    /// The next version, by its header and its changes.
    pub(in crate::repository) fn next(&self, header: Header, changes: &[Change]) -> Self {
        let mut catalogue = self.catalogue.clone();
        catalogue.apply(changes);
        Self {
            lineage: self.lineage.clone(),
            header,
            catalogue,
            damage: self.damage.clone(),
        }
    }
}

/// A step from one version to the next.
pub(in crate::repository) struct Step {
    pub(in crate::repository) snapshot: Snapshot,
    pub(in crate::repository) changes: Vec<Change>,
}

/// How to get from a known state to the head's.
pub(in crate::repository) enum Advance {
    /// By these steps, oldest first; none if it is at the head.
    Steps(Vec<Step>),
    /// By loading the whole state.
    Load,
}

/// The parts that loading this head reads.
pub(in crate::repository) fn parts_to_load(head: &Head) -> impl Iterator<Item = PartName> {
    let base = head.base.into_iter().flat_map(Base::part_names);
    base.chain(since_base(head).flat_map(Header::part_names))
}

fn since_base(head: &Head) -> impl Iterator<Item = &Header> {
    let base = head.base.map_or(0, |base| base.version);
    head.log.iter().filter(move |header| header.version > base)
}

/// Reads the whole state at the head; `None` while the store holds no version.
pub(in crate::repository) async fn load(store: &dyn Store) -> Result<Option<Snapshot>> {
    let mut seen: Option<Header> = None;
    let mut stuck = 0;
    loop {
        let Some(reading) = store.head().await? else {
            return Ok(None);
        };
        let Some(header) = reading.head.header().cloned() else {
            return Ok(None);
        };
        stuck = if seen.as_ref() == Some(&header) {
            stuck + 1
        } else {
            0
        };
        seen = Some(header);
        if let Some(snapshot) = assemble(store, &reading.head, MissingParts::after(stuck)).await? {
            return Ok(Some(snapshot));
        }
        // A newer head was published meanwhile, or the majority point lags behind the head.
        tokio::time::sleep(RETRY_DELAY * stuck).await;
    }
}

/// Loads the state at this very head, which was just written; `None` if it has no version.
///
/// # Errors
/// [`StoreError::LeaseLost`] if parts are missing because another syncer has taken over.
pub(in crate::repository) async fn load_at(
    store: &dyn Store,
    head: &Head,
) -> Result<Option<Snapshot>> {
    if head.header().is_none() {
        return Ok(None);
    }
    let mut missed = 0;
    loop {
        if let Some(snapshot) = assemble(store, head, MissingParts::after(missed)).await? {
            return Ok(Some(snapshot));
        }
        let newest = store.head().await?;
        if newest.is_some_and(|newest| newest.head.fence > head.fence) {
            return Err(StoreError::LeaseLost);
        }
        missed += 1;
        tokio::time::sleep(RETRY_DELAY * missed).await;
    }
}

/// The parts that loading this head reads and that are not in the store.
pub(in crate::repository) async fn missing_parts(
    store: &dyn Store,
    head: &Head,
) -> Result<Vec<PartName>> {
    let present: HashSet<_> = store.parts().await?.into_iter().collect();
    let missing = parts_to_load(head).filter(|part| !present.contains(part));
    Ok(missing.collect())
}

/// The newest version in the log that can be loaded whole, from the base or from an older one that no
/// run has removed yet.
pub(in crate::repository) async fn load_last_whole(
    store: &dyn Store,
    head: &Head,
) -> Result<Option<Snapshot>> {
    let present = store.parts().await?;
    for (index, first) in head.log.iter().enumerate().rev() {
        let of_first = |part: &&PartName| (part.kind, part.fence) == (PartKind::Base, first.fence);
        let Some(parts @ 1..) = u32::try_from(present.iter().filter(of_first).count()).ok() else {
            continue;
        };
        let (kind, fence, unpack) = (PartKind::Base, first.fence, parts::unpack_items);
        let items = match read(store, kind, fence, parts, MissingParts::Fail, unpack).await? {
            Some((items, damage)) if damage.is_empty() => items,
            _ => continue,
        };
        let mut header = first;
        let mut later = Vec::new();
        for next in &head.log[index + 1..] {
            match changes(store, next, MissingParts::Fail).await? {
                Some((changes, damage)) if damage.is_empty() => later.push(changes),
                _ => break,
            }
            header = next;
        }
        let content = header.content.clone();
        let whole = run_blocking(move || {
            let mut catalogue: Catalogue = items.into_iter().collect();
            for changes in later {
                catalogue.apply(&changes);
            }
            (ContentDigest::of(&catalogue) == content).then_some(catalogue)
        });
        if let Some(catalogue) = whole.await? {
            return Ok(Some(Snapshot {
                lineage: head.lineage.as_str().into(),
                header: header.clone(),
                catalogue,
                damage: Vec::new(),
            }));
        }
    }
    Ok(None)
}

/// The steps from `known` to this head.
pub(in crate::repository) async fn advance(
    store: &dyn Store,
    known: &Snapshot,
    head: &Head,
) -> Result<Advance> {
    if *known.lineage != *head.lineage || !head.log.contains(&known.header) {
        return Ok(Advance::Load);
    }
    // A newer base may have what could not be read.
    if !known.damage.is_empty() && head.base.is_some_and(|base| base.version > known.version()) {
        return Ok(Advance::Load);
    }
    let newer: Vec<_> = head
        .log
        .iter()
        .filter(|header| header.version > known.version())
        .collect();
    // The changes of a repair do not lead to it.
    if newer.iter().any(|header| header.reset) {
        return Ok(Advance::Load);
    }
    let mut read = Vec::with_capacity(newer.len());
    for header in newer {
        let Some((changes, damage)) = changes(store, header, MissingParts::Fail).await? else {
            return Ok(Advance::Load);
        };
        if !damage.is_empty() {
            return Ok(Advance::Load);
        }
        read.push((header.clone(), changes));
    }
    let mut steps: Vec<Step> = Vec::with_capacity(read.len());
    for (header, changes) in read {
        let before = steps.last().map_or(known, |step| &step.snapshot);
        steps.push(Step {
            snapshot: before.next(header, &changes),
            changes,
        });
    }
    Ok(Advance::Steps(steps))
}

/// The changes of a version and their damage; `None` if parts are missing and not skipped.
async fn changes(
    store: &dyn Store,
    header: &Header,
    missing: MissingParts,
) -> Result<Option<(Vec<Change>, Vec<Damage>)>> {
    let (fence, parts) = (header.fence, header.parts);
    read(
        store,
        PartKind::Changes,
        fence,
        parts,
        missing,
        parts::unpack,
    )
    .await
}

/// The readable changes of a version, and the damage of the others.
pub(in crate::repository) async fn readable_changes(
    store: &dyn Store,
    header: &Header,
) -> Result<(Vec<Change>, Vec<Damage>)> {
    Ok(changes(store, header, MissingParts::Skip)
        .await?
        .unwrap_or_default())
}

/// All changes of a version; `None` if parts are missing.
pub(in crate::repository) async fn complete_changes(
    store: &dyn Store,
    header: &Header,
) -> Result<Option<Vec<Change>>> {
    let Some((changes, damage)) = changes(store, header, MissingParts::Fail).await? else {
        return Ok(None);
    };
    match damage.into_iter().next() {
        Some(Damage { name, reason }) => Err(StoreError::Unreadable { name, reason }),
        None => Ok(Some(changes)),
    }
}

/// The state at a head; `None` if parts are missing and not skipped.
async fn assemble(
    store: &dyn Store,
    head: &Head,
    missing: MissingParts,
) -> Result<Option<Snapshot>> {
    let (Some(base), Some(header)) = (head.base, head.header()) else {
        return Err(StoreError::Unreadable {
            name: "the head".into(),
            reason: "it has no base".into(),
        });
    };
    let started = Instant::now();
    let (fence, parts, unpack) = (base.fence, base.parts, parts::unpack_items);
    let read = read(store, PartKind::Base, fence, parts, missing, unpack);
    let Some((items, mut damage)) = read.await? else {
        return Ok(None);
    };
    let mut later = Vec::new();
    for header in since_base(head) {
        let Some((changes, lost)) = changes(store, header, missing).await? else {
            return Ok(None);
        };
        later.push(changes);
        damage.extend(lost);
    }
    let read = started.elapsed();
    let is_whole = damage.is_empty();
    let catalogue = run_blocking(move || {
        let mut catalogue: Catalogue = items.into_iter().collect();
        for changes in later {
            catalogue.apply(&changes);
        }
        catalogue
    })
    .await?;
    let elapsed = started.elapsed();
    tracing::debug!(
        items = catalogue.len(),
        read_seconds = read.as_secs_f64(),
        seconds = elapsed.as_secs_f64(),
        "loaded a state"
    );
    let items = header.content.items;
    if is_whole && items != catalogue.len() as u64 {
        let reason = format!(
            "number of items: {items} expected, {} in its parts",
            catalogue.len()
        );
        damage.push(parts::damaged(
            format!("version {}", header.version),
            &reason,
        ));
    }
    for damage in &damage {
        tracing::error!(
            part = damage.name,
            reason = damage.reason,
            "lost or damaged in the database"
        );
    }
    Ok(Some(Snapshot {
        lineage: head.lineage.as_str().into(),
        header: header.clone(),
        catalogue,
        damage,
    }))
}

type Unpack<T> = fn(PartName, &[u8]) -> (Vec<T>, Vec<Damage>);

async fn read<T: Send + 'static>(
    store: &dyn Store,
    kind: PartKind,
    fence: u64,
    count: u32,
    missing: MissingParts,
    unpack: Unpack<T>,
) -> Result<Option<(Vec<T>, Vec<Damage>)>> {
    let read: Vec<_> = stream::iter(0..count)
        .map(|index| read_part(store, PartName { kind, fence, index }, unpack))
        .buffered(CONCURRENT_READS)
        .try_collect()
        .await?;
    let mut values = Vec::new();
    let mut damage = Vec::new();
    for (index, part) in (0..count).zip(read) {
        match part {
            Some((found, lost)) => {
                values.extend::<Vec<T>>(found);
                damage.extend(lost);
            }
            None if missing == MissingParts::Skip => {
                damage.push(missing_part(PartName { kind, fence, index }));
            }
            None => return Ok(None),
        }
    }
    Ok(Some((values, damage)))
}

/// Reads a part and verifies its checksum.
pub(in crate::repository) async fn check_part(
    store: &dyn Store,
    name: PartName,
) -> Result<Option<Damage>> {
    match store.get(name).await {
        Ok(Some(data)) => run_blocking(move || parts::check(name, &data)).await,
        Ok(None) => Ok(Some(missing_part(name))),
        Err(StoreError::Unreadable { reason, .. }) => {
            Ok(Some(parts::damaged(name.to_string(), &reason)))
        }
        Err(error) => Err(error),
    }
}

pub(in crate::repository) fn missing_part(name: PartName) -> Damage {
    parts::damaged(name.to_string(), &"it is missing")
}

async fn read_part<T: Send + 'static>(
    store: &dyn Store,
    name: PartName,
    unpack: Unpack<T>,
) -> Result<Option<(Vec<T>, Vec<Damage>)>> {
    let Some(data) = store.get(name).await? else {
        return Ok(None);
    };
    run_blocking(move || unpack(name, &data)).await.map(Some)
}
