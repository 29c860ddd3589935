//! The changes of [`Head`] as update pipelines: each is the method of the same name in one atomic
//! step, by the server's clock.
//!
//! Within one `$set` every expression sees the document as it was before.

use std::time::Duration;

use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use super::document::{FORMAT, HEAD, date};
use crate::repository::head::{MAX_LEASE_AHEAD, RELEASE};
use crate::repository::{Base, Commit, Head, HeadPatch, Header, LEASE_DURATION, Release, SyncEnd};

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
        "lease": { "holder": literal(holder), "expires": from_now(LEASE_DURATION) },
        "release": literal(RELEASE),
    })
}

/// When the lease of this head was just acquired.
pub(super) fn acquired_at(head: &Head) -> Timestamp {
    let expires = head.lease.as_ref().map(|lease| lease.expires);
    let taken = expires.and_then(|expires| expires.checked_sub(LEASE_DURATION).ok());
    taken.unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Matches the head while `fence` is its current fence.
pub(super) fn with_fence(fence: u64) -> Document {
    doc! { "_id": HEAD, "fence": to_i64(fence) }
}

/// Matches the head while the lease is the one of `fence` and was not released.
pub(super) fn not_released(fence: u64) -> Document {
    doc! { "_id": HEAD, "fence": to_i64(fence), "lease": { "$ne": null } }
}

/// [`Head::renew`]
pub(super) fn renew() -> Vec<Document> {
    set(doc! { "lease.expires": from_now(LEASE_DURATION) })
}

/// Matches the head while the commit's version is the next one and its lease holds.
pub(super) fn may_commit(commit: &Commit) -> Document {
    let before = commit.header.version.saturating_sub(1);
    doc! { "_id": HEAD, "fence": to_i64(commit.fence), "version": to_i64(before) }
}

/// [`Head::commit`]
pub(super) fn commit(commit: &Commit) -> Vec<Document> {
    let kept = doc! { "$filter": {
        "input": { "$ifNull": ["$log", []] },
        "as": "header",
        "cond": { "$gte": ["$$header.version", to_i64(commit.keep_from)] },
    } };
    let mut fields = doc! {
        "version": to_i64(commit.header.version),
        "log": { "$concatArrays": [kept, [entry(&commit.header, "$$NOW")]] },
        "pin": literal(commit.pin.map(to_i64)),
        "approval": null,
        "dirty": literal(true),
    };
    if let Some(base) = &commit.base {
        fields.insert("base", base_document(base));
    }
    set(fields)
}

/// A header in the log.
fn entry(header: &Header, at: impl Into<Bson>) -> Document {
    let (at, changes): (Bson, _) = (at.into(), header.changes);
    doc! {
        "version": to_i64(header.version),
        "fence": to_i64(header.fence),
        "at": at,
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
    }
}

fn base_document(base: &Base) -> Document {
    literal(doc! {
        "version": to_i64(base.version),
        "fence": to_i64(base.fence),
        "parts": i64::from(base.parts),
    })
}

/// [`Head::patch_head`]
pub(super) fn patch_head(patch: &HeadPatch) -> Vec<Document> {
    set(match patch {
        HeadPatch::Pin(pin) => doc! { "pin": literal(pin.map(to_i64)) },
        HeadPatch::Approval(approval) => doc! { "approval": literal(approval.clone()) },
        HeadPatch::RaiseFence(fence) => doc! { "fence": to_i64(*fence) },
        HeadPatch::Restore(head) => restored(head),
        HeadPatch::RowsWritten => doc! { "pending_rows": null },
        HeadPatch::Posters(fence) => doc! { "posters": to_i64(*fence) },
    })
}

fn restored(head: &Head) -> Document {
    let log = head.log.iter();
    let log: Vec<_> = log.map(|header| entry(header, date(header.at))).collect();
    let last_sync = head.last_sync.as_ref().map(|last_sync| {
        doc! {
            "at": date(last_sync.at),
            "failing_since": last_sync.failing_since.map(date),
        }
    });
    let pending_rows = head.pending_rows.map(|rows| {
        doc! { "fence": to_i64(rows.fence), "parts": i64::from(rows.parts) }
    });
    doc! {
        "lineage": literal(head.lineage.clone()),
        "version": to_i64(head.version),
        "last_sync": literal(last_sync),
        "log": log,
        "base": head.base.as_ref().map(base_document),
        "pin": literal(head.pin.map(to_i64)),
        "approval": literal(head.approval.clone()),
        "dirty": literal(head.dirty),
        "release": literal(head.release.clone()),
        "pending_rows": literal(pending_rows),
        "posters": to_i64(head.posters),
    }
}

/// [`Head::release`]
pub(super) fn release(release: Release) -> Vec<Document> {
    let mut fields = doc! { "lease": null };
    if release.is_view_current {
        fields.insert("dirty", literal(false));
    }
    if let Some(end) = release.sync {
        let failing_since = match end {
            SyncEnd::Responded => Bson::Null,
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
