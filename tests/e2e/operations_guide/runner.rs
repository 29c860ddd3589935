//! Runs the commands of a page, in their order, in one folder.

use std::process::Stdio;

use e2e::{DEADLINE, get};
use tempfile::TempDir;
use testkit::mongo::{Mongo, fresh_database};
use testkit::process::{Service, binary};
use testkit::skips::skip;
use testkit::source::Source;
use testkit::webhook_receiver::WebhookReceiver;
use testkit::{eventually, on_path, workspace_root};
use tokio::process::Command;
use tokio::time::timeout;

use super::compose::ComposeFile;

/// The programs of commands that are run.
const RUN: [&str; 12] = [
    "cd",
    "chmod",
    "curl",
    "echo",
    "mkdir",
    "promtool",
    "rm",
    "sha256sum",
    "sqlite3",
    "syncer",
    "tar",
    "webapp",
];

/// The first words of commands that are not run, and the reason.
const NOT_RUN: [(&str, &str); 7] = [
    ("chown", "writes to system folders"),
    ("docker volume", "needs a Docker engine"),
    ("install", "writes to system folders"),
    ("journalctl", "needs systemd as the first process"),
    (
        "python3 docs/clients/webhooks.py",
        "webhooks::example_receiver runs it on a free port",
    ),
    ("systemctl", "needs systemd as the first process"),
    ("systemd-run", "needs systemd as the first process"),
];

/// A command line, without the variables before it.
struct CommandLine<'a> {
    variables: Vec<(&'a str, &'a str)>,
    words: Vec<&'a str>,
}

impl<'a> CommandLine<'a> {
    fn parse(line: &'a str) -> Self {
        let mut words: Vec<_> = line.split_whitespace().collect();
        let mut variables = Vec::new();
        while let Some(variable) = words.first().and_then(|word| word.split_once('=')) {
            variables.push(variable);
            words.remove(0);
        }
        Self { variables, words }
    }

    /// Whether it runs until it is stopped.
    fn is_service(&self) -> bool {
        matches!(self.words[..], ["pyflix" | "webapp" | "syncer"])
    }
}

/// The folder, the services and the source of the commands of one page.
pub(super) struct Runner {
    page: String,
    compose: ComposeFile,
    services: Vec<Service>,
    source: Source,
    /// Addresses of the page, and those that take their place.
    addresses: Vec<(String, String)>,
    _other_source: Source,
    _receiver: WebhookReceiver,
    // After the services, which write into it.
    folder: TempDir,
}

impl Runner {
    pub(super) async fn start(page: &str) -> Self {
        let (source, other_source) = (Source::start().await, Source::start().await);
        let receiver = WebhookReceiver::start().await;
        let mongodb = Mongo::replica_set().await.url(&fresh_database());
        let addresses = [
            ("https://new.example", other_source.url()),
            ("http://127.0.0.1:9000", receiver.url()),
            ("mongodb://localhost:27017/movies_db", mongodb),
        ];
        let folder = TempDir::new().unwrap();
        for name in ["deploy", "docs"] {
            let link = folder.path().join(name);
            std::os::unix::fs::symlink(workspace_root().join(name), link).unwrap();
        }
        Self {
            page: page.to_owned(),
            compose: ComposeFile::read().await,
            services: Vec::new(),
            source,
            addresses: addresses.map(|(shown, real)| (shown.into(), real)).into(),
            _other_source: other_source,
            _receiver: receiver,
            folder,
        }
    }

    /// Makes the situation that a section is about.
    pub(super) async fn prepare(&mut self, heading: &str) {
        if heading == "A held sync" {
            self.source.set("films", Vec::new());
            self.finish("syncer once", 3).await;
        }
    }

    /// Runs a command, which must succeed; or checks it, if it is known as one that cannot be run.
    pub(super) async fn run(&mut self, line: &str) {
        let command = CommandLine::parse(line);
        let program = command.words[0];
        let is_not_run = NOT_RUN.iter().any(|(words, _)| {
            let words: Vec<_> = words.split(' ').collect();
            command.words.starts_with(&words)
        });
        if is_not_run {
            return;
        }
        if program == "docker-compose" {
            return self.compose.check(&command.words[1..]);
        }
        if command.is_service() {
            return self.serve(&command).await;
        }
        for part in line.split(['&', '|', ';']).map(CommandLine::parse) {
            let is_known = part.words.first().is_none_or(|word| RUN.contains(word));
            assert!(
                is_known,
                "{}: unknown command, neither in RUN nor in NOT_RUN: {line}",
                self.page
            );
        }
        let is_external = ["curl", "promtool", "sqlite3"].contains(&program);
        if is_external && on_path(&[program]).is_none() {
            return skip(&self.page, &format!("{program} is missing: {line}"));
        }
        let printed = self.finish(line, 0).await;
        if command.words == ["syncer", "history"] && !command.variables.is_empty() {
            let original = self.finish("syncer history", 0).await;
            assert_eq!(
                printed, original,
                "a restored database has the whole history"
            );
        }
    }

    /// The line with the addresses of this test.
    fn translate(&self, text: &str) -> String {
        let text = text.to_owned();
        let replace = |text: String, (shown, real): &(String, String)| text.replace(shown, real);
        self.addresses.iter().fold(text, replace)
    }

    /// The settings of all programs, but for those of the page.
    fn settings(&self) -> Vec<(&str, String)> {
        vec![
            ("PYFLIX_PROVIDER_URLS", self.source.url()),
            // Only the commands sync after the first time.
            ("PYFLIX_SYNC_INTERVAL", "1h".into()),
        ]
    }

    /// Starts a web app, on a free port, and waits for the first version.
    async fn serve(&mut self, command: &CommandLine<'_>) {
        let mut settings = self.settings();
        let mut shown = "localhost:8000";
        for &(name, value) in &command.variables {
            match name {
                "PYFLIX_LISTEN" => shown = value,
                _ => settings.push((name, self.translate(value))),
            }
        }
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let program = command.words[0];
        let folder = self.folder.path();
        let service = Service::start_web_in(folder, program, &settings, &[], DEADLINE).await;
        let status = format!("{}/api/v1/status", service.url());
        eventually(DEADLINE, async || {
            let response = get(&status).await;
            response.status == 200 && response.json()["version"].as_u64() >= Some(1)
        })
        .await;
        let real = service.address().to_string();
        self.addresses.push((shown.to_owned(), real));
        self.services.push(service);
    }

    /// Runs a command to its end, and returns what it printed.
    async fn finish(&self, line: &str, expected: i32) -> String {
        let line = self.translate(line);
        let programs = binary("syncer").parent().unwrap().display().to_string();
        let path = std::env::var("PATH").unwrap();
        // For `webapp healthcheck`.
        let listen = self.services.first().map(|service| service.address());
        let listen = listen.map(|address| ("PYFLIX_LISTEN", address.to_string()));
        let mut command = Command::new("sh");
        command
            .args(["-c", &line])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", format!("{programs}:{path}"))
            .env("HOME", self.folder.path())
            .envs(self.settings())
            .envs(listen)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = timeout(DEADLINE, command.output()).await;
        let output = output.expect("the command ends").unwrap();
        assert_eq!(
            output.status.code(),
            Some(expected),
            "{}: {line}\n{}{}",
            self.page,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
