//! The changes of [`Head`] as update pipelines: each is the method of the same name in one atomic
//! step, by the server's clock.
//!
//! Within one `$set` every expression sees the document as it was before.

use std::time::Duration;

use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use super::document::{FORMAT, HEAD};
use crate::repository::head::MAX_LEASE_AHEAD;
use crate::repository::{Commit, Head, HeadPatch, LEASE, Release, SyncEnd};

/// Matches the head when `holder` may have the lease: [`Head::lease_denied`] would find nothing.
pub(super) fn may_acquire(holder: &str, interval: Option<Duration>) -> Document {
    let mine = doc! { "$eq": ["$lease.holder", literal(holder)] };
    let expires = doc! { "$ifNull": ["$lease.expires", "$$NOW"] };
    let over = doc! { "$lte": [expires.clone(), "$$NOW"] };
    let far_ahead = doc! { "$gt": [expires, from_now(MAX_LEASE_AHEAD)] };
    let mut conditions = vec![doc! { "$or": [mine, over, far_ahead] }];
    if let Some(interval) = interval {
        conditions.push(doc! { "$not": [{ "$and": [
            { "$eq": [{ "$type": "$last_sync.at" }, "date"] },
            { "$lte": ["$last_sync.at", "$$NOW"] },
            { "$lt": [{ "$subtract": ["$$NOW", "$last_sync.at"] }, milliseconds(interval)] },
        ] }] });
    }
    // Not a head of a newer release, nor one without a number as its fence.
    let known = doc! { "$not": { "$gt": FORMAT } };
    let counts = doc! { "$type": "number" };
    doc! { "_id": HEAD, "format": known, "fence": counts, "$expr": { "$and": conditions } }
}

/// [`Head::acquire`]
pub(super) fn acquire(holder: &str) -> Vec<Document> {
    set(doc! {
        "dirty": { "$or": ["$dirty", { "$ne": [{ "$ifNull": ["$lease", null] }, null] }] },
        "fence": { "$add": ["$fence", 1] },
        "lease": { "holder": literal(holder), "expires": from_now(LEASE) },
    })
}

/// When the lease of this head was just acquired.
pub(super) fn acquired_at(head: &Head) -> Timestamp {
    let expires = head.lease.as_ref().map(|lease| lease.expires);
    let taken = expires.and_then(|expires| expires.checked_sub(LEASE).ok());
    taken.unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Matches the head while the lease is the one of `fence`.
pub(super) fn held(fence: u64) -> Document {
    doc! { "_id": HEAD, "fence": to_i64(fence) }
}

/// Matches the head while the lease is the one of `fence` and was not released.
pub(super) fn not_released(fence: u64) -> Document {
    doc! { "_id": HEAD, "fence": to_i64(fence), "lease": { "$ne": null } }
}

/// [`Head::renew`]
pub(super) fn renew() -> Vec<Document> {
    set(doc! { "lease.expires": from_now(LEASE) })
}

/// Matches the head while the commit's version is the next one and its lease holds.
pub(super) fn may_commit(commit: &Commit) -> Document {
    let before = commit.header.version.saturating_sub(1);
    doc! { "_id": HEAD, "fence": to_i64(commit.fence), "version": to_i64(before) }
}

/// [`Head::commit`]
pub(super) fn commit(commit: &Commit) -> Vec<Document> {
    let header = &commit.header;
    let changes = header.changes;
    let entry = doc! {
        "version": to_i64(header.version),
        "fence": to_i64(header.fence),
        "at": "$$NOW",
        "parts": i64::from(header.parts),
        "changes": {
            "added": to_i64(changes.added),
            "updated": to_i64(changes.updated),
            "removed": to_i64(changes.removed),
        },
        "note": literal(header.note.clone()),
        "first": literal(header.first),
        "reset": literal(header.reset),
        "content": literal(doc! {
            "items": to_i64(header.content.items),
            "digest": &header.content.digest,
        }),
    };
    let kept = doc! { "$filter": {
        "input": { "$ifNull": ["$log", []] },
        "as": "header",
        "cond": { "$gte": ["$$header.version", to_i64(commit.keep_from)] },
    } };
    let base = commit.base.map(|base| {
        doc! {
            "version": to_i64(base.version),
            "fence": to_i64(base.fence),
            "parts": i64::from(base.parts),
        }
    });
    let mut fields = doc! {
        "version": to_i64(header.version),
        "log": { "$concatArrays": [kept, [entry]] },
        "pin": literal(commit.pin.map(to_i64)),
        "approval": null,
        "dirty": literal(true),
    };
    if let Some(base) = base {
        fields.insert("base", literal(base));
    }
    set(fields)
}

/// [`Head::patch_head`]
pub(super) fn patch_head(patch: &HeadPatch) -> Vec<Document> {
    // An empty `$set` is refused.
    let mut fields = doc! { "fence": "$fence" };
    if let Some(pin) = patch.pin {
        fields.insert("pin", literal(pin.map(to_i64)));
    }
    if let Some(approval) = &patch.approval {
        fields.insert("approval", literal(approval.clone()));
    }
    set(fields)
}

/// [`Head::release`]
pub(super) fn release(release: Release) -> Vec<Document> {
    let mut fields = doc! { "lease": null };
    if release.is_view_current {
        fields.insert("dirty", literal(false));
    }
    if let Some(end) = release.sync {
        let failing_since = match end {
            SyncEnd::Answered => Bson::Null,
            SyncEnd::Failed => doc! { "$ifNull": ["$last_sync.failing_since", "$$NOW"] }.into(),
        };
        fields.insert(
            "last_sync",
            doc! { "at": "$$NOW", "failing_since": failing_since },
        );
    }
    set(fields)
}

fn set(fields: Document) -> Vec<Document> {
    vec![doc! { "$set": fields }]
}

fn from_now(duration: Duration) -> Document {
    doc! { "$add": ["$$NOW", milliseconds(duration)] }
}

/// A value that is not evaluated: a text may start with `$`, and `true` and 1 can have a meaning in
/// a pipeline.
fn literal(value: impl Into<Bson>) -> Document {
    doc! { "$literal": value.into() }
}

/// Counters stay far below the bound.
fn to_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Rounded up: the server's clock counts in whole milliseconds.
fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}
