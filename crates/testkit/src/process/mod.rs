//! The project's own binaries as processes.
//!
//! A process started here, or anywhere in this kit, does not outlive the test process: not when
//! the test passes, not when it panics, and not when the test process is killed with SIGKILL.

mod build;
mod cpu_time;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

pub use build::binary;
pub use rustix::process::Signal;
use tempfile::TempDir;

use crate::guard::{self, Guarded, Stream};

/// A binary of the workspace, running in a folder of its own with a clean environment: nothing is
/// inherited but the `PATH`, and what finds certificates and writes coverage.
///
/// If the test fails, what the process printed is shown.
pub struct Service {
    process: Guarded,
    recipe: Recipe,
    url: Option<String>,
}

/// What a run to the end came to.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// All that it wrote to its output.
    pub stdout: String,
    /// All that it wrote to its error output.
    pub stderr: String,
}

impl Service {
    /// Builds the workspace's binaries, once per test process, and starts the one called `name`.
    pub fn start(name: &str, envs: &[(&str, &str)], args: &[&str]) -> Self {
        Recipe::new(&binary(name), Folder::own(), envs, args).start()
    }

    /// As [`Self::start`], in a folder that the caller keeps: two processes share it, or one
    /// finds it as another left it.
    pub fn start_in(folder: &Path, name: &str, envs: &[(&str, &str)], args: &[&str]) -> Self {
        Recipe::new(
            &binary(name),
            Folder::Shared(folder.to_path_buf()),
            envs,
            args,
        )
        .start()
    }

    /// As [`Self::start_in`], for a program of another's.
    pub fn start_program(folder: &Path, program: &Path, args: &[&str]) -> Self {
        let folder = Folder::Shared(folder.to_path_buf());
        Recipe::new(program, folder, &[], args).start()
    }

    /// As [`Self::start`], on a free port, and waits until it has printed its address: [`Self::url`].
    pub async fn start_web(
        name: &str,
        envs: &[(&str, &str)],
        args: &[&str],
        deadline: Duration,
    ) -> Self {
        Recipe::web(&binary(name), Folder::own(), envs, args)
            .start_web(deadline)
            .await
    }

    /// As [`Self::start_web`], in a folder that the caller keeps.
    pub async fn start_web_in(
        folder: &Path,
        name: &str,
        envs: &[(&str, &str)],
        args: &[&str],
        deadline: Duration,
    ) -> Self {
        let folder = Folder::Shared(folder.to_path_buf());
        Recipe::web(&binary(name), folder, envs, args)
            .start_web(deadline)
            .await
    }

    /// Kills it if it still runs, and starts the same command in the same folder.
    pub fn restart(self) -> Self {
        let Self {
            process, recipe, ..
        } = self;
        drop(process);
        recipe.start()
    }

    /// As [`Self::restart`], for one from [`Self::start_web`]; its address is a new one.
    pub async fn restart_web(self, deadline: Duration) -> Self {
        let Self {
            process, recipe, ..
        } = self;
        drop(process);
        recipe.start_web(deadline).await
    }

    /// Where it serves, as `http://127.0.0.1:PORT`.
    ///
    /// # Panics
    ///
    /// If it was not started with [`Self::start_web`].
    pub fn url(&self) -> &str {
        self.url
            .as_deref()
            .expect("only a service from start_web has a url")
    }

    /// Its working directory.
    pub fn folder(&self) -> &Path {
        self.recipe.folder.path()
    }

    /// The pid of the binary itself.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Where it serves, as an address.
    ///
    /// # Panics
    ///
    /// As [`Self::url`].
    pub fn address(&self) -> SocketAddr {
        let address = self.url().trim_start_matches("http://").parse();
        address.expect("the url is one of an address")
    }

    /// How long it has been running on a processor, all threads together; exact to some 10 ms.
    pub fn cpu_time(&self) -> Duration {
        cpu_time::of(self.pid())
    }

    /// Sends a signal; does nothing if it has ended.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for the first line, printed already or later, that `wanted` accepts.
    pub async fn wait_for_line(&self, wanted: impl Fn(&str) -> bool, deadline: Duration) -> String {
        self.process
            .find_line(deadline, |line| wanted(line).then(|| line.to_owned()))
            .await
    }

    /// Waits until it has ended by itself, and all that it printed is in [`Self::output`].
    pub async fn wait_exit(&self, deadline: Duration) -> ExitStatus {
        let status = self.process.wait_exit(deadline).await;
        self.process.wait_silence(deadline).await;
        status
    }

    /// What it has printed so far, output and error output together.
    pub fn output(&self) -> String {
        self.process.text()
    }
}

/// Runs a binary of the workspace, as [`Service::start`] does, until it ends by itself.
pub async fn run_to_end(
    name: &str,
    envs: &[(&str, &str)],
    args: &[&str],
    deadline: Duration,
) -> Finished {
    Service::start(name, envs, args).finish(deadline).await
}

/// As [`run_to_end`], in a folder that the caller keeps.
pub async fn run_to_end_in(
    folder: &Path,
    name: &str,
    envs: &[(&str, &str)],
    args: &[&str],
    deadline: Duration,
) -> Finished {
    Service::start_in(folder, name, envs, args)
        .finish(deadline)
        .await
}

/// How a service was started, so that it can be started again.
struct Recipe {
    program: PathBuf,
    args: Vec<String>,
    envs: Vec<(String, String)>,
    folder: Folder,
}

enum Folder {
    Own(TempDir),
    Shared(PathBuf),
}

impl Service {
    async fn finish(self, deadline: Duration) -> Finished {
        let status = self.wait_exit(deadline).await;
        Finished {
            code: status.code(),
            stdout: self.process.text_of(Stream::Out),
            stderr: self.process.text_of(Stream::Err),
        }
    }
}

impl Recipe {
    fn new(program: &Path, folder: Folder, envs: &[(&str, &str)], args: &[&str]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            program: program.to_path_buf(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            envs: envs.iter().map(owned).collect(),
            folder,
        }
    }

    fn web(program: &Path, folder: Folder, envs: &[(&str, &str)], args: &[&str]) -> Self {
        let mut recipe = Self::new(program, folder, envs, args);
        recipe
            .envs
            .insert(0, ("PYFLIX_LISTEN".to_owned(), "127.0.0.1:0".to_owned()));
        recipe
    }

    fn start(self) -> Service {
        let mut command = guard::watched(&self.program, self.folder.doomed());
        command
            .current_dir(self.folder.path())
            .args(&self.args)
            .env_clear();
        inherit(
            &mut command,
            &["PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "LLVM_PROFILE_FILE"],
        );
        command
            .env("HOME", self.folder.path())
            .envs(self.envs.iter().cloned());
        let name = self
            .program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        Service {
            process: Guarded::spawn(&name, command),
            recipe: self,
            url: None,
        }
    }

    async fn start_web(self, deadline: Duration) -> Service {
        // An address from its environment, such as the source's, may be printed before its own.
        let given: Vec<String> = self.envs.iter().map(|(_, value)| value.clone()).collect();
        let mut service = self.start();
        let own = |line: &str| {
            addresses(line)
                .into_iter()
                .find(|url| !given.iter().any(|value| value.contains(url)))
        };
        service.url = Some(service.process.find_line(deadline, own).await);
        service
    }
}

impl Folder {
    fn own() -> Self {
        Self::Own(TempDir::with_prefix("pyflix-").expect("a temporary folder can be made"))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Shared(folder) => folder,
        }
    }

    /// What is removed when the test process dies: never a folder of the caller's.
    fn doomed(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Shared(_) => Path::new(""),
        }
    }
}

fn inherit(command: &mut Command, names: &[&str]) {
    for name in names {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
}

/// Every `http://IP:PORT` in a line.
fn addresses(line: &str) -> Vec<String> {
    let parts = line.split("http://").skip(1);
    let hosts = parts.map(|rest| {
        rest.split(|c: char| !c.is_ascii_hexdigit() && !"[.:]".contains(c))
            .next()
            .unwrap_or("")
    });
    hosts
        .filter_map(|host| {
            host.trim_end_matches(['.', ':'])
                .parse::<std::net::SocketAddr>()
                .ok()
        })
        .map(|address| format!("http://{address}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn shell(script: &str, envs: &[(&str, &str)]) -> Recipe {
        Recipe::web(Path::new("/bin/sh"), Folder::own(), envs, &["-c", script])
    }

    #[tokio::test]
    async fn a_run_gives_its_exit_code_and_both_outputs() {
        let run = shell("echo to out; echo to err >&2; exit 3", &[]).start();
        let finished = run.finish(SOON).await;
        assert_eq!(finished.code, Some(3));
        assert_eq!(
            (&*finished.stdout, &*finished.stderr),
            ("to out\n", "to err\n")
        );
    }

    #[tokio::test]
    async fn a_service_sees_only_the_environment_it_is_given() {
        let run = shell("env; pwd", &[("PYFLIX_LOG", "debug")]).start();
        let folder = run.folder().to_path_buf();
        let printed = run.finish(SOON).await.stdout;
        assert!(printed.contains("PYFLIX_LOG=debug\n"), "{printed}");
        assert!(!printed.contains("CARGO"), "{printed}");
        assert!(
            printed.contains(&format!("{}\n", folder.display())),
            "{printed}"
        );
        assert!(!folder.exists(), "the folder goes with the service");
    }

    #[tokio::test]
    async fn a_signal_reaches_the_program_itself() {
        let script = "trap 'echo ending; exit 7' TERM; echo ready; while :; do sleep 0.01; done";
        let service = shell(script, &[]).start();
        service.wait_for_line(|line| line == "ready", SOON).await;
        service.signal(Signal::TERM);
        assert_eq!(service.wait_exit(SOON).await.code(), Some(7));
        assert!(service.output().ends_with("ending\n"));
    }

    #[tokio::test]
    async fn the_address_of_a_service_is_not_mistaken_for_one_it_was_given() {
        let script = "echo asking $SOURCE; echo serving on http://127.0.0.1:4321/.; exec sleep 60";
        let service = shell(script, &[("SOURCE", "http://127.0.0.1:9999")])
            .start_web(SOON)
            .await;
        assert_eq!(service.url(), "http://127.0.0.1:4321");
    }

    #[tokio::test]
    async fn a_restarted_service_finds_its_folder_as_it_left_it() {
        let service = shell(
            "cat left 2>/dev/null; echo before >left; echo on; sleep 60",
            &[],
        )
        .start();
        service.wait_for_line(|line| line == "on", SOON).await;
        let service = service.restart();
        service.wait_for_line(|line| line == "before", SOON).await;
    }

    #[tokio::test]
    #[should_panic(expected = "ended without printing the line waited for; it printed:\nonly this")]
    async fn a_line_that_never_comes_is_told_with_what_came_instead() {
        let service = shell("echo only this", &[]).start();
        service.wait_for_line(|line| line == "that", SOON).await;
    }
}
