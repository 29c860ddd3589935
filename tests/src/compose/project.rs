use std::fs;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::source::Source;
use testkit::{eventually, workspace_root};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinHandle;

use super::engine::{self, BaseImage, Image, MONGO, RUNTIME, RUST, run, run_command};

const READY_TIMEOUT: Duration = Duration::from_secs(60);

const SERVICES: [&str; 3] = ["movies_db", "syncer", "webapp"];

const STAGES: [&str; 5] = [
    "images",
    "--quiet",
    "--no-trunc",
    "--filter=dangling=true",
    "--filter=label=pyflix.stage=build",
];

/// Waits until its input closes, which any end of the test process causes; then it
/// removes everything that the project created.
const CLEAN_UP: &str = r#"
read -r closed
$COMPOSE down --volumes --timeout 5
docker network rm "$NETWORK"
docker rmi "$WEBAPP_IMAGE" "$SYNCER_IMAGE" "$OTHER_MONGO_IMAGE"
# Another project may be building while this one ends.
[ -n "$BUILDS_STAGES" ] || STAGES=
for stage in $(eval "$STAGES"); do
    case $STAGES_BEFORE in
        *"$stage"*) ;;
        *) docker rmi "$stage" ;;
    esac
done
umount --lazy "$FOLDER/disk"
rm -rf "$FOLDER"
"#;

/// A compose file and the parameters of its project.
#[derive(Debug)]
pub struct ComposeFile {
    /// Its path in the workspace.
    pub path: &'static str,
    /// The name of the project, from [`Project::free_name`].
    pub name: String,
    /// Images besides those of MongoDB and the services.
    pub images: &'static [BaseImage],
    /// The service with the site, and its port in the container.
    pub site: (&'static str, &'static str),
    /// Settings.
    pub variables: Vec<(&'static str, String)>,
    /// Entries of `volumes` that replace those of the file.
    pub volumes: Value,
}

impl ComposeFile {
    /// `docker-compose.yml`.
    pub fn small() -> Self {
        Self {
            path: "docker-compose.yml",
            name: Project::free_name(),
            images: &[],
            site: ("webapp", "8000"),
            variables: vec![("PYFLIX_SYNC_INTERVAL", "1h".into())],
            volumes: json!({}),
        }
    }
}

/// A compose file as a separate project; dropping it removes everything.
#[derive(Debug)]
pub struct Project {
    site: (&'static str, &'static str),
    compose: Vec<String>,
    variables: Vec<(&'static str, String)>,
    /// The name for the image of [`Self::with_mongod`].
    mongo_image: String,
    /// Forwards the containers' requests to the source, which listens on localhost.
    source_relay: JoinHandle<()>,
    cleaner: Child,
}

impl Project {
    /// Prepares images, network and source.
    ///
    /// # Errors
    /// Names a missing program or image.
    pub async fn new(file: ComposeFile, image: Image, source: &Source) -> Result<Self, String> {
        let mut compose = engine::compose().await?;
        let compiler: &[_] = match image {
            Image::HostBinaries => &[],
            Image::Dockerfile => &[RUST],
        };
        let images = [&[RUNTIME, MONGO], file.images, compiler].concat();
        let mut variables = engine::base_images(&images).await?;

        let name = file.name;
        let mongo_image = format!("{name}-mongo");
        let folder = Self::folder(&name);
        let network = format!("{name}-frontend");
        let overrides = folder.join("override.json");
        fs::create_dir(&folder).unwrap();
        let quick_build = json!({ "build": { "args": { "PROFILE": "dev" } } });
        let overriding = json!({
            "networks": { "frontend": { "external": true, "name": network } },
            "services": { "secrets": quick_build, "webapp": quick_build },
            "volumes": file.volumes,
        });
        fs::write(&overrides, overriding.to_string()).unwrap();
        let files = format!("-p {name} -f {} -f {}", file.path, overrides.display());
        compose.extend(files.split(' ').map(str::to_owned));

        let stages = run("docker", STAGES).await?;
        variables.extend([
            ("WEBAPP_IMAGE", format!("{name}-webapp:latest")),
            ("SYNCER_IMAGE", format!("{name}-syncer:latest")),
            ("WEBAPP_PORT", "0".into()),
        ]);
        let cleaner = std::process::Command::new("sh")
            .args(["-c", CLEAN_UP])
            .process_group(0)
            .current_dir(workspace_root())
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .env("COMPOSE", compose.join(" "))
            .env("NETWORK", &network)
            .env("OTHER_MONGO_IMAGE", &mongo_image)
            .env("STAGES_BEFORE", stages)
            .env("STAGES", format!("docker {}", STAGES.join(" ")))
            .env(
                "BUILDS_STAGES",
                if image == Image::Dockerfile { "1" } else { "" },
            )
            .env("FOLDER", &folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut project = Self {
            site: file.site,
            compose,
            variables,
            mongo_image,
            source_relay: tokio::spawn(async {}),
            cleaner,
        };

        run("docker", ["network", "create", &network]).await?;
        let format = "--format={{(index .IPAM.Config 0).Gateway}}";
        let gateway = run("docker", ["network", "inspect", format, &network]).await?;
        let listener = TcpListener::bind((gateway.trim(), 0))
            .await
            .map_err(|_| "the engine's networks are not on this machine".to_owned())?;
        let address = listener.local_addr().unwrap();
        project.source_relay = tokio::spawn(relay(listener, source.url().replace("http://", "")));
        project.variables.extend([
            ("PYFLIX_PROVIDER_URLS", format!("http://{address}")),
            ("PYFLIX_PUBLIC_URL", String::new()),
            ("PYFLIX_TRUSTED_PROXIES", String::new()),
            ("PYFLIX_PROVIDER_MAX_BYTES", String::new()),
            ("PYFLIX_LOG", "info".into()),
            ("PYFLIX_LOG_FORMAT", String::new()),
        ]);
        project.variables.extend(file.variables);
        if image == Image::HostBinaries {
            let runtime_image = &project.variables[0].1;
            for service in ["webapp", "syncer"] {
                let tag = format!("{name}-{service}:latest");
                engine::build_from_binary(service, &tag, runtime_image).await?;
            }
        }
        Ok(project)
    }

    /// Runs this script in place of `mongod`, in another image.
    pub async fn with_mongod(mut self, script: &str) -> Self {
        let image = self
            .variables
            .iter_mut()
            .find(|(name, _)| *name == "MONGO_IMAGE");
        let (_, image) = image.unwrap();
        let tag = format!("{}:latest", self.mongo_image);
        engine::build_with_mongod(script, image, &tag).await;
        *image = tag;
        self
    }

    /// The folder of a project, which ends with it, and with it a file system that is mounted at `disk`
    /// in it.
    pub fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(name)
    }

    /// A name that no other project has.
    pub fn free_name() -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        format!("pyflix-test-{}-{count}", std::process::id())
    }

    /// How often the engine has started a service's container again.
    pub async fn restarts(&self, service: &str) -> u64 {
        self.inspect(service).await["RestartCount"]
            .as_u64()
            .unwrap()
    }

    /// Runs a compose command, which must succeed, and returns its output.
    pub async fn compose(&self, args: &[&str]) -> String {
        match self.try_compose(args).await {
            Ok(printed) => printed,
            Err(why) => panic!("{why}"),
        }
    }

    /// Runs a compose command and returns its output.
    ///
    /// # Errors
    /// With both outputs if it fails.
    pub async fn try_compose(&self, args: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.compose[0]);
        command
            .args(&self.compose[1..])
            .args(args)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        run_command(command).await
    }

    /// Waits until the list of movies shows a title.
    pub async fn wait_for_title(&self, title: &str) {
        let address = self.address().await;
        eventually(READY_TIMEOUT, async || {
            let response = get(address, "/movies").await?;
            match response.contains(title) {
                true => Ok(()),
                false => Err(format!("no {title:?} in {response}")),
            }
        })
        .await;
    }

    /// Waits until the web app's health check passes.
    pub async fn wait_for_health(&self) {
        eventually(READY_TIMEOUT, async || {
            let health = self.inspect("webapp").await["State"]["Health"].clone();
            match health["Status"] == "healthy" {
                true => Ok(()),
                false => Err(format!("webapp is not healthy: {health}")),
            }
        })
        .await;
    }

    /// The version that the web app shows.
    pub async fn version(&self) -> u64 {
        let response = get(self.address().await, "/movies").await.unwrap();
        let version = response.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let wanted = name.eq_ignore_ascii_case("x-catalogue-version");
            wanted.then(|| value.trim().parse().unwrap())
        });
        version.unwrap_or_else(|| panic!("no version in {response}"))
    }

    /// Checks the containers themselves, not the compose file.
    pub async fn assert_services_are_confined(&self) {
        for service in SERVICES {
            let container = self.inspect(service).await;
            let host = &container["HostConfig"];
            let user = container["Config"]["User"].as_str().unwrap();
            assert!(
                !["", "0", "root"].contains(&user.split(':').next().unwrap()),
                "{service}"
            );
            assert_eq!(host["ReadonlyRootfs"], true, "{service}");
            assert_eq!(host["CapDrop"], json!(["ALL"]), "{service}");
            assert!(
                host["CapAdd"].as_array().is_none_or(Vec::is_empty),
                "{service}"
            );
            assert_eq!(
                host["SecurityOpt"],
                json!(["no-new-privileges:true"]),
                "{service}"
            );
            assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped", "{service}");
            assert!(host["Memory"].as_u64() > Some(0), "{service}");
            assert!(host["PidsLimit"].as_u64() > Some(0), "{service}");
            let ports = host["PortBindings"]
                .as_object()
                .map_or(0, |ports| ports.len());
            assert_eq!(ports, usize::from(service == "webapp"), "{service}");
        }
    }

    /// The ids of a service's containers.
    pub async fn containers(&self, service: &str) -> Vec<String> {
        let ids = self.compose(&["ps", "-q", service]).await;
        ids.split_whitespace().map(str::to_owned).collect()
    }

    async fn inspect(&self, service: &str) -> Value {
        let id = self.containers(service).await.concat();
        engine::inspect(&id).await
    }

    /// The address of the site on this machine.
    pub async fn address(&self) -> SocketAddr {
        let (service, port) = self.site;
        let printed = self.compose(&["port", service, port]).await;
        printed.trim().parse().unwrap()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let logs = std::process::Command::new(&self.compose[0])
                .args(&self.compose[1..])
                .args(["logs", "--no-color", "--tail=50"])
                .envs(self.variables.iter().map(|(name, value)| (name, value)))
                .current_dir(workspace_root())
                .output();
            if let Ok(logs) = logs {
                eprintln!("{}", String::from_utf8_lossy(&logs.stdout));
            }
        }
        self.source_relay.abort();
        drop(self.cleaner.stdin.take());
        let cleaned = self.cleaner.wait();
        assert!(std::thread::panicking() || cleaned.is_ok());
    }
}

async fn relay(listener: TcpListener, to: String) {
    while let Ok((mut from, _)) = listener.accept().await {
        let to = to.clone();
        tokio::spawn(async move {
            // A stopped source refuses, and the container's connection closes.
            if let Ok(mut to) = TcpStream::connect(to).await {
                let _ = copy_bidirectional(&mut from, &mut to).await;
            }
        });
    }
}

/// The response, head and body.
async fn get(address: SocketAddr, path: &str) -> Result<String, String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await?;
        Ok(String::from_utf8_lossy(&response).into_owned())
    };
    exchange
        .await
        .map_err(|error: std::io::Error| error.to_string())
}
