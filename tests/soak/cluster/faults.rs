//! The faults of the cluster: each one begins, lasts for a while, and ends.

use std::time::Duration;

use e2e::compose::engine::{self, run};
use mongodb::bson::doc;
use rand::seq::{IndexedRandom, SliceRandom};
use testkit::source::{Fault as SourceFault, Source};
use tokio::time::sleep;

use super::deployment::{Deployment, MEMBER_WITH_DISK};

/// How long a fault lasts, in seconds.
const LENGTH: std::ops::Range<f64> = 1.0..12.0;

/// A fault of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    PrimaryKilled,
    PrimaryPaused,
    PrimaryCutOff,
    /// Its incoming packets are dropped.
    PrimaryInboundCut,
    /// Its outgoing packets are dropped.
    PrimaryOutboundCut,
    PrimarySteppedDown,
    SyncerKilled,
    WebappKilled,
    WebappRestarted,
    WebappWithoutDatabase,
    SourceEmpty,
    SourceStalls,
    SourceStopped,
    DiskFull,
}

pub(super) const ALL: [Fault; 14] = [
    Fault::PrimaryKilled,
    Fault::PrimaryPaused,
    Fault::PrimaryCutOff,
    Fault::PrimaryInboundCut,
    Fault::PrimaryOutboundCut,
    Fault::PrimarySteppedDown,
    Fault::SyncerKilled,
    Fault::WebappKilled,
    Fault::WebappRestarted,
    Fault::WebappWithoutDatabase,
    Fault::SourceEmpty,
    Fault::SourceStalls,
    Fault::SourceStopped,
    Fault::DiskFull,
];

/// All faults in a random order.
pub(super) fn shuffled() -> Vec<Fault> {
    let mut faults = ALL.to_vec();
    faults.shuffle(&mut rand::rng());
    faults
}

impl Fault {
    /// Whether it is a fault of the source, during which nothing can be published.
    pub(super) const fn is_of_source(self) -> bool {
        matches!(
            self,
            Self::SourceEmpty | Self::SourceStalls | Self::SourceStopped
        )
    }

    /// Causes the fault and ends it.
    pub(super) async fn happen(self, cluster: &Deployment, source: &Source) {
        let length = Duration::from_secs_f64(rand::random_range(LENGTH));
        let lasts = || sleep(length);
        match self {
            Self::PrimaryKilled => crash(&cluster.primary().await.1).await,
            Self::PrimaryPaused => {
                let (_, primary) = cluster.primary().await;
                docker(&["pause", &primary]).await;
                lasts().await;
                docker(&["unpause", &primary]).await;
            }
            Self::PrimaryCutOff => {
                let (service, primary) = cluster.primary().await;
                let network = cluster.network();
                docker(&["network", "disconnect", &network, &primary]).await;
                lasts().await;
                let alias = format!("--alias={service}");
                docker(&["network", "connect", &alias, &network, &primary]).await;
            }
            Self::PrimaryInboundCut => {
                drop_packets(&cluster.primary().await.1, &["INPUT"], lasts()).await;
            }
            Self::PrimaryOutboundCut => {
                drop_packets(&cluster.primary().await.1, &["OUTPUT"], lasts()).await;
            }
            Self::PrimarySteppedDown => {
                let (_, primary) = cluster.primary().await;
                let step_down = doc! { "replSetStepDown": 10, "force": true };
                cluster.command(&primary, step_down).await;
            }
            Self::SyncerKilled => crash(&one_of(cluster, "syncer").await).await,
            Self::WebappKilled => crash(&one_of(cluster, "webapp").await).await,
            Self::WebappRestarted => docker(&["restart", &one_of(cluster, "webapp").await]).await,
            Self::WebappWithoutDatabase => {
                let webapp = one_of(cluster, "webapp").await;
                let to_database = ["OUTPUT", "-p", "tcp", "--dport", "27017"];
                drop_packets(&webapp, &to_database, lasts()).await;
            }
            Self::SourceEmpty => {
                source.misbehave("films", SourceFault::Empty);
                lasts().await;
                source.behave();
            }
            Self::SourceStalls => {
                source.misbehave_everywhere(SourceFault::Stall);
                lasts().await;
                source.behave();
            }
            Self::SourceStopped => {
                source.stop().await;
                lasts().await;
                source.resume().await;
            }
            Self::DiskFull => {
                cluster.fill_disk();
                lasts().await;
                cluster.free_disk();
                // A member that ended for lack of space is started again, later each time.
                docker(&["restart", &cluster.container(MEMBER_WITH_DISK).await]).await;
            }
        }
    }
}

async fn one_of(cluster: &Deployment, service: &str) -> String {
    let containers = cluster.project.containers(service).await;
    containers.choose(&mut rand::rng()).unwrap().clone()
}

/// Kills a container's process: the engine starts it again, unlike after `docker kill`.
async fn crash(container: &str) {
    let pid = pid(container).await;
    let killed = run("kill", ["-9", &pid]).await;
    assert!(killed.is_ok(), "{killed:?}");
}

/// Drops the packets that match a rule in a container's network.
async fn drop_packets(container: &str, rule: &[&str], lasts: impl Future<Output = ()>) {
    let pid = pid(container).await;
    let change = async |action: &'static str| {
        let command = ["-t", &pid, "-n", "iptables", action];
        let args = command.iter().chain(rule).chain(&["-j", "DROP"]);
        run("nsenter", args).await
    };
    let begun = change("-A").await;
    assert!(begun.is_ok(), "{begun:?}");
    lasts.await;
    // If the container was started again meanwhile, its network is new.
    let _ = change("-D").await;
}

async fn pid(container: &str) -> String {
    engine::inspect(container).await["State"]["Pid"].to_string()
}

async fn docker(args: &[&str]) {
    let done = run("docker", args).await;
    assert!(done.is_ok(), "{done:?}");
}
