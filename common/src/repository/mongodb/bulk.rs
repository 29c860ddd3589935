//! Bulk writes as `insert`, `update` and `delete` commands: the driver's own bulk write needs a newer
//! server than PyFlix.

use std::mem;

use mongodb::bson::{Bson, Document, RawArrayBuf, RawDocumentBuf, cstr, doc, rawdoc};

use super::connection::{BULK_TIMEOUT, Connection, WRITE_CONCERN_TIMEOUT};
use super::error::DUPLICATE;
use crate::repository::{Result, StoreError};

/// Maximum number of statements of a command.
const MAX_STATEMENTS: usize = 1_000;
/// Maximum size of a command in bytes, unless it has a single larger statement.
const MAX_BYTES: usize = 12 << 20;

/// The command for the statements.
#[derive(Clone, Copy, Debug)]
pub(super) enum WriteCommand {
    /// Its statements are documents.
    Insert,
    /// Its statements are those of [`replace`].
    Update,
    /// Its statements are those of [`remove`].
    Delete,
}

/// Replaces the document that `filter` matches, or inserts it. A document with its `_id` that
/// `filter` does not match stays.
pub(super) fn replace(filter: Document, document: &RawDocumentBuf) -> Result<RawDocumentBuf> {
    let mut statement = rawdoc! { "q": raw(&filter)?, "upsert": true, "multi": false };
    statement.append(cstr!("u"), document);
    Ok(statement)
}

/// Matches the document of this `_id` unless an integer in the field `guard` is `newer`. Values of
/// other types do not guard it; an array would, by its elements.
pub(super) fn guarded(id: &str, guard: &str, newer: &str, number: i64) -> Document {
    doc! { "_id": id, "$or": [
        { guard: { "$not": { newer: number, "$type": ["int", "long"] } } },
        { guard: { "$type": "array" } },
    ] }
}

/// Removes the document that `filter` matches.
pub(super) fn remove(filter: Document) -> Result<RawDocumentBuf> {
    raw(&doc! { "q": filter, "limit": 1 })
}

fn raw(document: &Document) -> Result<RawDocumentBuf> {
    RawDocumentBuf::try_from(document).map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// Executes statements in any order and returns those that met a duplicate `_id`. The first error is
/// returned after all were tried.
pub(super) async fn write(
    connection: &Connection,
    command_kind: WriteCommand,
    collection: &'static str,
    statements: impl IntoIterator<Item = RawDocumentBuf>,
) -> Result<Vec<RawDocumentBuf>> {
    let mut batch = Batch::default();
    let mut refused = Vec::new();
    let mut outcome = Ok(());
    for statement in statements {
        if batch.has_no_room_for(&statement) {
            let full = mem::take(&mut batch);
            let sent = full.send(connection, command_kind, collection).await;
            outcome = outcome.and(sent.map(|more| refused.extend(more)));
        }
        batch.push(statement);
    }
    if !batch.statements.is_empty() {
        let sent = batch.send(connection, command_kind, collection).await;
        outcome = outcome.and(sent.map(|more| refused.extend(more)));
    }
    outcome.map(|()| refused)
}

#[derive(Default)]
struct Batch {
    statements: Vec<RawDocumentBuf>,
    bytes: usize,
}

impl Batch {
    fn has_no_room_for(&self, statement: &RawDocumentBuf) -> bool {
        let (count, bytes) = (
            self.statements.len(),
            self.bytes + statement.as_bytes().len(),
        );
        count == MAX_STATEMENTS || (count > 0 && bytes > MAX_BYTES)
    }

    fn push(&mut self, statement: RawDocumentBuf) {
        self.bytes += statement.as_bytes().len();
        self.statements.push(statement);
    }

    /// Returns the statements that met a duplicate.
    async fn send(
        self,
        connection: &Connection,
        command_kind: WriteCommand,
        collection: &'static str,
    ) -> Result<Vec<RawDocumentBuf>> {
        let command = self.command(command_kind, collection);
        let reply = connection
            .call(BULK_TIMEOUT, move |database| async move {
                database.run_raw_command(command).await
            })
            .await?;
        match problem(&reply) {
            None => Ok(self.refused(&reply)),
            Some(problem) => Err(StoreError::Unavailable(format!("{collection}: {problem}"))),
        }
    }

    /// The command with a write concern, because it does not inherit that of the client.
    fn command(&self, command_kind: WriteCommand, collection: &str) -> RawDocumentBuf {
        let (mut command, statements) = match command_kind {
            WriteCommand::Insert => (rawdoc! { "insert": collection }, cstr!("documents")),
            WriteCommand::Update => (rawdoc! { "update": collection }, cstr!("updates")),
            WriteCommand::Delete => (rawdoc! { "delete": collection }, cstr!("deletes")),
        };
        let all: RawArrayBuf = self.statements.iter().collect();
        command.append(statements, all);
        let milliseconds = i64::try_from(WRITE_CONCERN_TIMEOUT.as_millis()).unwrap_or(i64::MAX);
        let confirmed = rawdoc! { "w": "majority", "j": true, "wtimeout": milliseconds };
        command.append(cstr!("ordered"), false);
        command.append(cstr!("writeConcern"), confirmed);
        command
    }

    /// The statements that met a duplicate, by a response without other errors.
    fn refused(mut self, reply: &Document) -> Vec<RawDocumentBuf> {
        let errors = reply.get_array("writeErrors").into_iter().flatten();
        let places = errors.filter_map(|error| error.as_document()?.get_i32("index").ok());
        let places = places.filter_map(|place| usize::try_from(place).ok());
        let refused = places.filter_map(|place| self.statements.get_mut(place).map(mem::take));
        refused.collect()
    }
}

/// The first problem in a response, which the driver does not report. A duplicate is none: it means
/// that a document is there, and for a guarded write a newer one.
fn problem(reply: &Document) -> Option<String> {
    let errors = reply.get_array("writeErrors").ok();
    let failed = errors
        .into_iter()
        .flatten()
        .filter_map(Bson::as_document)
        .find(|error| error.get_i32("code").ok() != Some(DUPLICATE));
    let unconfirmed = reply.get_document("writeConcernError").ok();
    let problem = failed.or(unconfirmed)?;
    Some(problem.get_str("errmsg").unwrap_or("refused").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_document_is_no_problem_but_hides_none() {
        let newer = doc! { "code": DUPLICATE, "errmsg": "E11000" };
        let other = doc! { "code": 10334, "errmsg": "too large" };
        let reply = |errors: Vec<Document>| doc! { "ok": 1, "writeErrors": errors };

        assert_eq!(problem(&reply(vec![newer.clone()])), None);
        assert_eq!(
            problem(&reply(vec![newer, other])),
            Some("too large".into())
        );
    }

    #[test]
    fn a_statement_that_met_a_duplicate_is_returned() {
        let mut batch = Batch::default();
        for id in 0..3 {
            batch.push(rawdoc! { "_id": id });
        }
        let errors = vec![doc! { "index": 1, "code": DUPLICATE }];
        let refused = batch.refused(&doc! { "ok": 1, "writeErrors": errors });
        assert_eq!(refused, [rawdoc! { "_id": 1 }]);
    }

    #[test]
    fn every_batch_has_a_journaled_majority_write_concern() {
        for command_kind in [
            WriteCommand::Insert,
            WriteCommand::Update,
            WriteCommand::Delete,
        ] {
            let command = Batch::default().command(command_kind, "movies");
            let command = Document::try_from(&command).unwrap();
            let concern = command.get_document("writeConcern").unwrap();
            assert_eq!(concern.get_str("w").unwrap(), "majority");
            assert!(concern.get_bool("j").unwrap());
            let limit = concern.get_i64("wtimeout").unwrap();
            assert!(limit < i64::try_from(BULK_TIMEOUT.as_millis()).unwrap());
        }
    }

    #[test]
    fn a_write_that_is_not_confirmed_is_a_problem() {
        let reply = doc! { "ok": 1, "writeConcernError": { "code": 64, "errmsg": "timed out" } };
        assert_eq!(problem(&reply), Some("timed out".into()));
    }
}
