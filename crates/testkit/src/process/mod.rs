//! The project's programs as processes.
//!
//! No process that this kit starts outlives the test process, even if that is killed by SIGKILL.

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

use crate::child_process::{self, ChildProcess, Stream};

/// A running program of the workspace, in a folder of its own and with an empty environment but
/// for `PATH` and the variables for certificates and coverage.
///
/// A failed test shows its output.
pub struct Service {
    process: ChildProcess,
    options: LaunchOptions,
    url: Option<String>,
}

/// The result of a program that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Service {
    /// Builds the workspace's binaries, once per test process, and starts the one called `name`.
    pub fn start(name: &str, envs: &[(&str, &str)], args: &[&str]) -> Self {
        LaunchOptions::new(&binary(name), Folder::temporary(), envs, args).start()
    }

    /// As [`Self::start`], in a folder of the caller.
    pub fn start_in(folder: &Path, name: &str, envs: &[(&str, &str)], args: &[&str]) -> Self {
        LaunchOptions::new(
            &binary(name),
            Folder::Shared(folder.to_path_buf()),
            envs,
            args,
        )
        .start()
    }

    /// As [`Self::start_in`], for a program that is not of the workspace.
    pub fn start_program(folder: &Path, program: &Path, args: &[&str]) -> Self {
        let folder = Folder::Shared(folder.to_path_buf());
        LaunchOptions::new(program, folder, &[], args).start()
    }

    /// As [`Self::start`], on a free port, and waits until it has printed its address: [`Self::url`].
    pub async fn start_web(
        name: &str,
        envs: &[(&str, &str)],
        args: &[&str],
        deadline: Duration,
    ) -> Self {
        LaunchOptions::web(&binary(name), Folder::temporary(), envs, args)
            .start_web(deadline)
            .await
    }

    /// As [`Self::start_web`], in a folder of the caller.
    pub async fn start_web_in(
        folder: &Path,
        name: &str,
        envs: &[(&str, &str)],
        args: &[&str],
        deadline: Duration,
    ) -> Self {
        let folder = Folder::Shared(folder.to_path_buf());
        LaunchOptions::web(&binary(name), folder, envs, args)
            .start_web(deadline)
            .await
    }

    /// Kills it and starts the same command in the same folder.
    pub fn restart(self) -> Self {
        let Self {
            process, options, ..
        } = self;
        drop(process);
        options.start()
    }

    /// As [`Self::restart`], for one from [`Self::start_web`], with a new address.
    pub async fn restart_web(self, deadline: Duration) -> Self {
        let Self {
            process, options, ..
        } = self;
        drop(process);
        options.start_web(deadline).await
    }

    /// Its address as `http://127.0.0.1:PORT`.
    ///
    /// # Panics
    ///
    /// If it was not started with [`Self::start_web`].
    pub fn url(&self) -> &str {
        self.url
            .as_deref()
            .expect("only a service from start_web has a URL")
    }

    /// Its working directory.
    pub fn folder(&self) -> &Path {
        self.options.folder.path()
    }

    /// The process id of the program itself.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Its address.
    ///
    /// # Panics
    ///
    /// As [`Self::url`].
    pub fn address(&self) -> SocketAddr {
        let address = self.url().trim_start_matches("http://").parse();
        address.expect("the url is one of an address")
    }

    /// The processor time of all its threads, with a resolution of 10 ms.
    pub fn cpu_time(&self) -> Duration {
        cpu_time::of(self.pid())
    }

    /// Sends a signal, unless it has ended.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for the first line, printed already or later, that `wanted` accepts.
    pub async fn wait_for_line(&self, wanted: impl Fn(&str) -> bool, deadline: Duration) -> String {
        self.process
            .find_line(deadline, |line| wanted(line).then(|| line.to_owned()))
            .await
    }

    /// Waits until it has ended and [`Self::output`] is complete.
    pub async fn wait_exit(&self, deadline: Duration) -> ExitStatus {
        let status = self.process.wait_exit(deadline).await;
        self.process.wait_output_end(deadline).await;
        status
    }

    /// Its output so far, standard output and standard error together.
    pub fn output(&self) -> String {
        self.process.text()
    }
}

/// Runs a program as [`Service::start`] does, until it ends.
pub async fn run_to_end(
    name: &str,
    envs: &[(&str, &str)],
    args: &[&str],
    deadline: Duration,
) -> Finished {
    Service::start(name, envs, args).finish(deadline).await
}

/// As [`run_to_end`], in a folder of the caller.
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

/// The command of a service, to start it again.
struct LaunchOptions {
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

impl LaunchOptions {
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
        let mut options = Self::new(program, folder, envs, args);
        options
            .envs
            .insert(0, ("PYFLIX_LISTEN".to_owned(), "127.0.0.1:0".to_owned()));
        options
    }

    fn start(self) -> Service {
        let mut command = child_process::supervised(&self.program, self.folder.removed_folder());
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
            // Only tests of posters fetch any.
            .env("PYFLIX_POSTERS", "off")
            .envs(self.envs.iter().cloned());
        let name = self
            .program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        Service {
            process: ChildProcess::spawn(&name, command),
            options: self,
            url: None,
        }
    }

    async fn start_web(self, deadline: Duration) -> Service {
        // It may print an address of its environment first, such as the source's.
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
    fn temporary() -> Self {
        Self::Own(TempDir::with_prefix("pyflix-").expect("a temporary folder can be made"))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Shared(folder) => folder,
        }
    }

    /// The folder to remove when the test process dies: never one of the caller.
    fn removed_folder(&self) -> &Path {
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

    fn shell(script: &str, envs: &[(&str, &str)]) -> LaunchOptions {
        LaunchOptions::web(
            Path::new("/bin/sh"),
            Folder::temporary(),
            envs,
            &["-c", script],
        )
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
    #[should_panic(expected = "ended without printing the expected line; it printed:\nonly this")]
    async fn a_missing_line_is_reported_with_the_lines_printed_instead() {
        let service = shell("echo only this", &[]).start();
        service.wait_for_line(|line| line == "that", SOON).await;
    }
}
