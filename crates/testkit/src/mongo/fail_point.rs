use mongodb::{
    Database,
    bson::{Bson, Document, doc},
};
use tokio::sync::MutexGuard;

use super::{Mongo, START_TIMEOUT};

/// An active `failCommand` fail point. Others on the same `mongod` wait for its end.
///
/// Dropping it leaves the remaining failures in place.
pub struct FailPoint<'a> {
    admin: Database,
    before: i64,
    _one: MutexGuard<'a, ()>,
}

impl Mongo {
    /// Makes the next `times` commands with one of these names fail, from clients with this
    /// `appName`. `how` is the data of `failCommand`: `errorCode`, `closeConnection`,
    /// `blockConnection` with `blockTimeMS`, `writeConcernError`.
    pub async fn fail(
        &self,
        times: u32,
        commands: &[&str],
        app: &str,
        how: Document,
    ) -> FailPoint<'_> {
        let one = self.failing.lock().await;
        let admin = self.connect().await.database("admin");
        let mut data = doc! { "failCommands": commands, "appName": app };
        data.extend(how);
        let mode = doc! { "times": times };
        let order = doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data };
        let reply = admin.run_command(order).await;
        let reply = reply.unwrap_or_else(|error| panic!("no failure can be ordered: {error}"));
        let before = reply.get("count").and_then(number);
        FailPoint {
            admin,
            before: before.expect("mongod counts the failures"),
            _one: one,
        }
    }
}

impl FailPoint<'_> {
    /// Waits until `times` commands have failed, or have begun to block.
    pub async fn wait_until_hit(&self, times: u32) {
        let wait = doc! {
            "waitForFailPoint": "failCommand",
            "timesEntered": self.before + i64::from(times),
            "maxTimeMS": i64::try_from(START_TIMEOUT.as_millis()).unwrap_or(i64::MAX),
        };
        let met = self.admin.run_command(wait).await;
        met.unwrap_or_else(|error| panic!("fewer than {times} commands failed: {error}"));
    }

    /// Cancels the remaining failures.
    pub async fn end(self) {
        let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
        let ended = self.admin.run_command(off).await;
        ended.unwrap_or_else(|error| panic!("the failures do not end: {error}"));
    }
}

fn number(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(number) => Some((*number).into()),
        Bson::Int64(number) => Some(*number),
        _ => None,
    }
}
