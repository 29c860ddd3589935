//! The cluster's compose file, and access to its containers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use e2e::compose::engine::{self, CADDY, Image, run};
use e2e::compose::{ComposeFile, Project};
use mongodb::bson::{Document, doc};
use mongodb::options::{ClientOptions, Credential, ServerAddress};
use mongodb::{Client, Database};
use serde_json::{Value, json};
use testkit::eventually;
use testkit::source::Source;
use tokio::time::timeout;

use e2e::DEADLINE;

pub(super) const MEMBERS: [&str; 3] = ["movies_db_1", "movies_db_2", "movies_db_3"];
/// The member on a disk of its own, which can be filled.
pub(super) const MEMBER_WITH_DISK: &str = MEMBERS[2];
/// The size of that disk.
const DISK: &str = "size=700m,mode=0777";

/// Maximum time for a member to respond to a command.
const HELLO_TIMEOUT: Duration = Duration::from_secs(2);

/// The running cluster; dropping it removes everything.
pub(super) struct Deployment {
    pub(super) project: Project,
    name: String,
    root_password: String,
    disk: Disk,
}

/// A file system in memory.
struct Disk(PathBuf);

impl Deployment {
    /// Starts the cluster with this many web apps.
    ///
    /// # Errors
    /// Names a missing program or image.
    pub(super) async fn start(source: &Source, webapps: u32) -> Result<Self, String> {
        let name = Project::free_name();
        let disk = Disk(Project::folder(&name).join("disk"));
        let hosts = (1..=webapps).flat_map(|number| {
            ['_', '-'].map(|mark| format!("{name}{mark}webapp{mark}{number}:8000"))
        });
        let file = ComposeFile {
            path: "deploy/cluster/docker-compose.yml",
            name: name.clone(),
            images: &[CADDY],
            site: ("proxy", "80"),
            variables: vec![
                ("SITE", ":80".into()),
                ("WEBAPPS", hosts.collect::<Vec<_>>().join(" ")),
                ("PROXY_HTTP", "127.0.0.1:0".into()),
                ("PROXY_HTTPS", "127.0.0.1:0".into()),
                ("PYFLIX_SYNC_INTERVAL", "1s".into()),
                ("PYFLIX_RETENTION", "2000".into()),
                ("PYFLIX_LOG_FORMAT", "json".into()),
            ],
            volumes: json!({ "movies_3": {
                "driver": "local",
                "driver_opts": { "type": "none", "o": "bind", "device": disk.0 },
            } }),
        };
        let project = Project::new(file, Image::HostBinaries, source).await?;
        disk.mount().await?;
        let scale = format!("webapp={webapps}");
        let up = ["up", "--no-build", "-d", "--scale", &scale];
        project.compose(&up).await;
        let member = project.containers(MEMBERS[0]).await.concat();
        let read = [
            "exec",
            "--user=10003",
            &member,
            "cat",
            "/run/pyflix/root_password",
        ];
        let root_password = run("docker", read).await?;
        Ok(Self {
            project,
            name,
            root_password,
            disk,
        })
    }

    /// The network of the databases.
    pub(super) fn network(&self) -> String {
        format!("{}_backend", self.name)
    }

    /// The container of a service that has one.
    pub(super) async fn container(&self, service: &str) -> String {
        self.project.containers(service).await.concat()
    }

    /// The service and the container of the primary, once there is one.
    pub(super) async fn primary(&self) -> (&'static str, String) {
        eventually(DEADLINE, async || {
            for member in MEMBERS {
                let container = self.container(member).await;
                let Some(admin) = self.admin(&container).await else {
                    continue;
                };
                let hello = timeout(HELLO_TIMEOUT, admin.run_command(doc! { "hello": 1 }));
                if let Ok(Ok(hello)) = hello.await
                    && hello.get_bool("isWritablePrimary").unwrap_or(false)
                {
                    return Ok((member, container));
                }
            }
            Err("no member is primary".to_owned())
        })
        .await
    }

    /// The database `admin` of one member, as root.
    async fn admin(&self, container: &str) -> Option<Database> {
        let address = address(container, 27_017).await?;
        let host = ServerAddress::parse(address.to_string()).unwrap();
        let credential = Credential::builder()
            .username("root".to_owned())
            .password(self.root_password.clone())
            .source("admin".to_owned())
            .build();
        let options = ClientOptions::builder()
            .hosts(vec![host])
            .direct_connection(true)
            .credential(credential)
            .server_selection_timeout(HELLO_TIMEOUT)
            .build();
        Some(Client::with_options(options).unwrap().database("admin"))
    }

    /// Sends a command to a member. Its result is ignored; callers wait for its effect.
    pub(super) async fn command(&self, container: &str, command: Document) {
        if let Some(admin) = self.admin(container).await {
            let _ = timeout(HELLO_TIMEOUT, admin.run_command(command)).await;
        }
    }

    /// Waits until every container runs, the set has a primary and two secondaries, and every web app
    /// is ready.
    pub(super) async fn wait_until_whole(&self) {
        let (_, primary) = self.primary().await;
        eventually(DEADLINE * 2, async || {
            let admin = self.admin(&primary).await.ok_or("the primary is gone")?;
            let status = timeout(
                HELLO_TIMEOUT,
                admin.run_command(doc! { "replSetGetStatus": 1 }),
            );
            let status = status.await.map_err(|_| "no response")?;
            let status = status.map_err(|_| "no status")?;
            let members = status.get_array("members").unwrap();
            let states = members.iter().filter_map(|member| member.as_document());
            let healthy = states.filter(|member| matches!(member.get_i32("state"), Ok(1 | 2)));
            match healthy.count() {
                3 => Ok(()),
                _ => Err("a member is not in the set"),
            }
        })
        .await;
    }

    /// Fills the disk of [`MEMBER_WITH_DISK`].
    pub(super) fn fill_disk(&self) {
        self.disk.fill();
    }

    /// Frees the disk again.
    pub(super) fn free_disk(&self) {
        self.disk.free();
    }
}

impl Disk {
    async fn mount(&self) -> Result<(), String> {
        std::fs::create_dir(&self.0).map_err(|error| error.to_string())?;
        let path = self.0.to_str().unwrap();
        let mounted = run("mount", ["-t", "tmpfs", "-o", DISK, "pyflix-disk", path]).await;
        mounted.map(drop)
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    fn fill(&self) {
        // Until there is no space left.
        let zeros = std::fs::File::open("/dev/zero");
        let filler = std::fs::File::create(self.filler());
        let _ = std::io::copy(&mut zeros.unwrap(), &mut filler.unwrap());
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

/// The address of a container in the network of the databases.
pub(super) async fn address(container: &str, port: u16) -> Option<SocketAddr> {
    let found = engine::inspect(container).await;
    let networks = found["NetworkSettings"]["Networks"].as_object()?.clone();
    let of_backend = |(name, network): (String, Value)| {
        let address = network["IPAddress"].as_str()?.parse().ok()?;
        name.ends_with("_backend").then_some(address)
    };
    let address = networks.into_iter().find_map(of_backend)?;
    Some(SocketAddr::new(address, port))
}
