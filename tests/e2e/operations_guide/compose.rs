//! Checks commands of docker-compose without an engine.

use e2e::DEADLINE;
use testkit::process::run_to_end;

use super::document;

/// The subcommands that the documents use.
const SUBCOMMANDS: [&str; 8] = ["build", "down", "exec", "logs", "ps", "run", "stop", "up"];
/// Those whose words after the service are a command.
const WITH_COMMAND: [&str; 2] = ["exec", "run"];
/// Options with a value in the next word.
const WITH_VALUE: [&str; 1] = ["-u"];

/// The names in `docker-compose.yml`.
pub(super) struct ComposeFile {
    services: Vec<String>,
    syncer_commands: Vec<String>,
}

impl ComposeFile {
    pub(super) async fn read() -> Self {
        let text = document::read("docker-compose.yml");
        let (_, services) = text.split_once("\nservices:\n").unwrap();
        let services = services
            .lines()
            .take_while(|line| line.is_empty() || line.starts_with(' '));
        let name = |line: &str| {
            let name = line.strip_prefix("  ")?.strip_suffix(':')?;
            (!name.starts_with([' ', '#'])).then(|| name.to_owned())
        };
        let help = run_to_end("syncer", &[], &["--help"], DEADLINE)
            .await
            .stdout;
        let (_, commands) = help.split_once("Commands:\n").unwrap();
        let commands = commands.lines().take_while(|line| line.starts_with(' '));
        let first_word = |line: &str| line.split_whitespace().next().map(str::to_owned);
        Self {
            services: services.filter_map(name).collect(),
            syncer_commands: commands.filter_map(first_word).collect(),
        }
    }

    /// Panics unless the words name a subcommand, services and a command of the syncer that exist.
    pub(super) fn check(&self, words: &[&str]) {
        let subcommand = words[0];
        assert!(
            SUBCOMMANDS.contains(&subcommand),
            "docker-compose {words:?}"
        );
        let mut names = Vec::new();
        let mut rest = words[1..].iter().copied();
        while let Some(word) = rest.next() {
            match word {
                ">" | "<" => break,
                option if WITH_VALUE.contains(&option) => drop(rest.next()),
                option if option.starts_with('-') => {}
                name => {
                    assert!(
                        self.services.iter().any(|service| service == name),
                        "{name}"
                    );
                    names.push(name);
                    if WITH_COMMAND.contains(&subcommand) {
                        break;
                    }
                }
            }
        }
        if WITH_COMMAND.contains(&subcommand) {
            assert_eq!(names.len(), 1, "docker-compose {words:?}");
        }
        if subcommand == "run" && names == ["syncer"] {
            let command = rest.next().unwrap_or_default();
            assert!(
                self.syncer_commands.iter().any(|known| known == command),
                "syncer {command}"
            );
        }
    }
}
