//! The Docker engine and its images.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use testkit::process::binary;
use testkit::workspace_root;
use tokio::process::Command;
use tokio::time::timeout;

/// For a build from nothing.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// The origin of the services' images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Image {
    /// The binaries under test, copied into the runtime image.
    HostBinaries,
    /// A build of the Dockerfile.
    Dockerfile,
}

/// The compose command of this machine.
///
/// # Errors
/// Names the missing program.
pub async fn compose() -> Result<Vec<String>, String> {
    if run("docker", ["version"]).await.is_err() {
        return Err("no Docker engine responds here".into());
    }
    for words in [&["docker-compose"][..], &["docker", "compose"]] {
        if run(words[0], words[1..].iter().chain(&["version"]))
            .await
            .is_ok()
        {
            return Ok(words.iter().map(|&word| word.to_owned()).collect());
        }
    }
    Err("neither docker-compose nor docker compose is here".into())
}

/// An image that a compose file names, and its stand-in where no image can be pulled.
#[derive(Clone, Copy, Debug)]
pub struct BaseImage {
    variable: &'static str,
    stand_in: &'static str,
    public: &'static str,
}

/// The base of the services' images.
pub const RUNTIME: BaseImage = BaseImage {
    variable: "RUNTIME_IMAGE",
    stand_in: "runtime",
    public: "gcr.io/distroless/cc-debian12",
};
/// MongoDB.
pub const MONGO: BaseImage = BaseImage {
    variable: "MONGO_IMAGE",
    stand_in: "mongo",
    public: "mongo:8.0",
};
/// The compiler.
pub const RUST: BaseImage = BaseImage {
    variable: "RUST_IMAGE",
    stand_in: "rust",
    public: "rust:1-bookworm",
};
/// The proxy of the cluster.
pub const CADDY: BaseImage = BaseImage {
    variable: "CADDY_IMAGE",
    stand_in: "caddy",
    public: "caddy:2",
};

/// The variables of the images: the public ones, or local ones by a script beside the project if none
/// can be pulled.
///
/// # Errors
/// Without one of them.
pub async fn base_images(wanted: &[BaseImage]) -> Result<Vec<(&'static str, String)>, String> {
    let script = workspace_root().join("../shared/local-images");
    let mut images = Vec::new();
    for image in wanted {
        let name = image.public;
        let chosen = if script.is_file() {
            run(&script, ["--only", image.stand_in]).await?;
            format!("pyflix-local/{}", image.stand_in)
        } else {
            let here = run("docker", ["image", "inspect", name]).await.is_ok();
            if !here && run("docker", ["pull", name]).await.is_err() {
                return Err(format!("the image {name} is not here and cannot be pulled"));
            }
            name.to_owned()
        };
        images.push((image.variable, chosen));
    }
    Ok(images)
}

/// Makes a service's image as the Dockerfile does, of the binary under test.
///
/// # Errors
/// If the binary does not run in it.
pub async fn build_from_binary(
    service: &str,
    tag: &str,
    runtime_image: &str,
) -> Result<(), String> {
    let context = tempfile::tempdir().unwrap();
    fs::copy(binary(service), context.path().join(service)).unwrap();
    let dockerfile = format!(
        "FROM {runtime_image}\nCOPY {service} /usr/local/bin/\nUSER 65532:65532\n\
         ENTRYPOINT [\"{service}\"]\n"
    );
    fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
    let folder = context.path().to_str().unwrap();
    run("docker", ["build", "--tag", tag, folder])
        .await
        .unwrap();
    let args = ["run", "--rm", "--network=none", tag, "--help"];
    let help = run("docker", args).await;
    help.map(drop)
        .map_err(|why| format!("this machine's {service} does not run in the runtime image: {why}"))
}

/// Makes an image like `base` in which `mongod` is a script.
pub async fn build_with_mongod(script: &str, base: &str, tag: &str) {
    let context = tempfile::tempdir().unwrap();
    let file = context.path().join("mongod");
    fs::write(&file, format!("#!/bin/bash\nPATH=${{PATH#*:}}\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let dockerfile =
        format!("FROM {base}\nCOPY mongod /pyflix-test/\nENV PATH=/pyflix-test:$PATH\n");
    fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
    let folder = context.path().to_str().unwrap();
    run("docker", ["build", "--tag", tag, folder])
        .await
        .unwrap();
}

/// Runs a program to its end and returns its output.
///
/// # Errors
/// With both outputs if it fails.
pub async fn run<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    args: impl IntoIterator<Item = A>,
) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(args);
    run_command(command).await
}

/// As [`run`], for a prepared command.
///
/// # Errors
/// As for [`run`].
pub async fn run_command(mut command: Command) -> Result<String, String> {
    command
        .current_dir(workspace_root())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let command_line = format!("{:?}", command.as_std());
    let output = timeout(DEADLINE, command.output())
        .await
        .map_err(|_| format!("{command_line} did not end within {DEADLINE:?}"))?
        .map_err(|error| format!("{command_line} cannot be started: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{command_line}: {}\n{printed}{errors}",
        output.status
    ))
}

/// The engine's description of a container.
pub async fn inspect(container: &str) -> Value {
    let found = run("docker", ["inspect", container]).await.unwrap();
    serde_json::from_str::<Value>(&found).unwrap()[0].take()
}
