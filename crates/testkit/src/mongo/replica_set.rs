use std::time::Duration;

use mongodb::bson::doc;
use tokio::time::timeout;

use super::{Mongo, MongoOptions, START_TIMEOUT, initiate};
use crate::eventually;

/// Timeout of `hello`: a paused member never responds.
const HELLO_TIMEOUT: Duration = Duration::from_secs(1);

/// A replica set of several members, called `rs0`, which elects a new primary within seconds.
pub struct MongoReplicaSet {
    members: Vec<Mongo>,
}

impl MongoReplicaSet {
    /// Starts one; it takes writes when this returns.
    pub async fn start(members: usize) -> Self {
        let start = || Mongo::launched(MongoOptions::default(), true);
        let members = futures::future::join_all((0..members).map(|_| start())).await;
        let set = Self { members };
        let hosts = set.members.iter().zip(0..);
        let hosts: Vec<_> = hosts.map(|(member, id)| member.member(id)).collect();
        let fast_elections =
            doc! { "electionTimeoutMillis": 2_000, "heartbeatIntervalMillis": 500 };
        let client = set.members[0].connect().await;
        let config = doc! { "_id": "rs0", "members": hosts, "settings": fast_elections };
        initiate(&client, config).await;
        set.primary().await;
        set
    }

    /// The connection string for a database; it names all members.
    pub fn url(&self, database: &str) -> String {
        let hosts = self.members.iter().map(|member| member.port());
        let hosts: Vec<_> = hosts.map(|port| format!("127.0.0.1:{port}")).collect();
        format!("mongodb://{}/{database}?replicaSet=rs0", hosts.join(","))
    }

    /// All members; a restart of one of them does not wait for it to be primary.
    pub fn members(&self) -> &[Mongo] {
        &self.members
    }

    /// The current primary, once there is one that responds.
    pub async fn primary(&self) -> &Mongo {
        self.member_with_role("isWritablePrimary").await
    }

    /// A secondary, once there is one.
    pub async fn secondary(&self) -> &Mongo {
        self.member_with_role("secondary").await
    }

    async fn member_with_role(&self, role: &str) -> &Mongo {
        eventually(START_TIMEOUT, async || {
            for member in &self.members {
                let hello = timeout(HELLO_TIMEOUT, async {
                    let admin = member.connect().await.database("admin");
                    admin.run_command(doc! { "hello": 1 }).await
                });
                if let Ok(Ok(hello)) = hello.await
                    && hello.get_bool(role).unwrap_or(false)
                {
                    return Ok(member);
                }
            }
            Err(format!("no member is {role}"))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn another_member_takes_over_from_one_that_is_killed() {
        let set = MongoReplicaSet::start(3).await;
        let first = set.primary().await;
        first.kill();
        let second = set.primary().await;
        assert_ne!(first.port(), second.port());
        first.restart().await;
        eventually(START_TIMEOUT, async || {
            set.secondary().await.port() == first.port()
        })
        .await;
        assert!(
            set.url("x")
                .contains(&format!("127.0.0.1:{},", set.members()[0].port()))
        );
    }
}
