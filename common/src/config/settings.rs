use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use config::{Environment, File, FileFormat, Source, Value, ValueKind};

/// The file that is read from the working directory, if it is there.
pub(super) const CONFIG_FILE: &str = "pyflix.toml";

const PREFIX: &str = "PYFLIX_";

/// Every key with its default, if it has one, and an example of a right value.
const KEYS: [(&str, Option<&str>, &str); 24] = [
    (
        "database_url",
        Some("sqlite:data/pyflix.db"),
        "sqlite:data/pyflix.db",
    ),
    ("database_url_file", None, "/run/secrets/database_url"),
    ("listen", Some("127.0.0.1:8000"), "127.0.0.1:8000"),
    (
        "provider_urls",
        Some("https://ghibliapi.vercel.app"),
        "https://ghibliapi.vercel.app",
    ),
    ("provider_max_bytes", Some("16MiB"), "16MiB"),
    ("sync_interval", Some("15s"), "15s"),
    ("fuse_empty", Some("hold"), "pass"),
    ("fuse_lost", Some("20%"), "20%"),
    ("fuse_blanked", Some("10%"), "10%"),
    ("fuse_unreadable", Some("20%"), "20%"),
    ("fuse_duplicates", Some("0"), "0"),
    ("missed_syncs", Some("3"), "3"),
    ("retention", Some("256"), "256"),
    ("ghibli_listen", None, "127.0.0.1:8001"),
    ("metrics_listen", None, "127.0.0.1:9464"),
    ("trusted_proxies", None, "127.0.0.1,10.0.0.0/8"),
    ("public_url", None, "https://movies.example.org"),
    ("posters", Some("auto"), "off"),
    (
        "poster_hosts",
        Some("image.tmdb.org,www.themoviedb.org"),
        "image.tmdb.org,www.themoviedb.org",
    ),
    ("poster_cache", Some("16MiB"), "16MiB"),
    ("webhook_urls", None, "https://hooks.example.org/pyflix"),
    ("webhook_secret_file", None, "/run/secrets/webhook_secrets"),
    ("log", Some("info"), "info"),
    ("log_format", Some("pretty"), "json"),
];

/// The setting for exporting traces, which is not supported.
const TRACES_KEY: &str = "otlp_endpoint";
const NO_TRACES: &str =
    "the export of traces is not built in; the log has the trace ID of each request";

/// A setting that is wrong: its name, the problem and what to do, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// The layer that a value comes from; a later one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    Default,
    File,
    Environment,
}

/// The value of one key, with its name and its origin for messages.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    pub(super) value: String,
    pub(super) layer: Layer,
}

impl Setting {
    pub(super) fn parse<T>(
        &self,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        parse(&self.value).map_err(|problem| self.wrong(&problem, None))
    }

    /// An error about this setting; without advice it shows an example of a right value.
    pub(super) fn wrong(&self, problem: &str, advice: Option<&str>) -> ConfigError {
        let variable = variable(self.key);
        let example = KEYS
            .iter()
            .find(|(key, ..)| *key == self.key)
            .map_or("", |(_, _, example)| example);
        let (name, example) = match self.layer {
            Layer::File => (
                format!("{} in {}", self.key, CONFIG_FILE),
                match example.parse::<u64>() {
                    Ok(number) => format!("for example {} = {number}", self.key),
                    Err(_) => format!("for example {} = \"{example}\"", self.key),
                },
            ),
            Layer::Default | Layer::Environment => (
                variable.clone(),
                format!("for example {variable}={example}"),
            ),
        };
        ConfigError(format!("{name}: {problem}; {}", advice.unwrap_or(&example)))
    }
}

/// The values of all keys, the environment over the file.
#[derive(Debug)]
pub(super) struct Settings {
    values: HashMap<&'static str, Setting>,
    pub(super) warnings: Vec<String>,
}

impl Settings {
    pub(super) fn read(
        environment: HashMap<String, String>,
        file: &Path,
    ) -> Result<Self, ConfigError> {
        let mut settings = Self {
            values: HashMap::new(),
            warnings: Vec::new(),
        };
        settings.read_file(file)?;
        settings.read_environment(environment)?;
        Ok(settings)
    }

    pub(super) fn find(&self, key: &str) -> Option<Setting> {
        self.values.get(key).cloned()
    }

    /// The value of a key that has a default.
    pub(super) fn get(&self, key: &'static str) -> Setting {
        self.find(key).unwrap_or_else(|| Setting {
            key,
            value: KEYS
                .iter()
                .find(|(known, ..)| *known == key)
                .and_then(|(_, default, _)| *default)
                .unwrap_or_default()
                .to_owned(),
            layer: Layer::Default,
        })
    }

    fn read_file(&mut self, file: &Path) -> Result<(), ConfigError> {
        let content = match fs::read_to_string(file) {
            Ok(content) => content,
            // A link to a missing file is there.
            Err(error) if error.kind() == ErrorKind::NotFound && !file.is_symlink() => {
                return Ok(());
            }
            Err(error) => {
                let problem =
                    format!("{CONFIG_FILE}: cannot be read: {error}; correct or remove it");
                return Err(ConfigError(problem));
            }
        };
        let content = content.trim_start_matches('\u{feff}');
        let source = File::from_str(content, FileFormat::Toml);
        let values = source.collect().map_err(|error| {
            let problem = match &error {
                // Without the path of the file, which its text repeats.
                config::ConfigError::FileParse { cause, .. } => one_line(cause),
                error => one_line(error),
            };
            ConfigError(format!("{CONFIG_FILE}: {problem}"))
        })?;
        for (name, value) in values {
            if name == TRACES_KEY {
                return Err(ConfigError(format!(
                    "{name} in {CONFIG_FILE}: {NO_TRACES}; remove it"
                )));
            }
            let Some(key) = known(&name) else {
                return Err(ConfigError(format!(
                    "{name} in {}: unknown key; did you mean {}?",
                    CONFIG_FILE,
                    nearest(&name)
                )));
            };
            let setting = |value| Setting {
                key,
                value,
                layer: Layer::File,
            };
            let Some(value) = text(value) else {
                return Err(setting(String::new()).wrong("has the wrong type", None));
            };
            self.values.insert(key, setting(value));
        }
        Ok(())
    }

    fn read_environment(
        &mut self,
        environment: HashMap<String, String>,
    ) -> Result<(), ConfigError> {
        let source = Environment::with_prefix(PREFIX)
            .prefix_separator("")
            .source(Some(environment));
        let values = source
            .collect()
            .map_err(|error| ConfigError(one_line(&error)))?;
        for (name, value) in values {
            if name == TRACES_KEY {
                let variable = variable(&name);
                if text(value).is_some_and(|value| !value.is_empty()) {
                    let warning = format!("{variable} has no effect: {NO_TRACES}");
                    self.warnings.push(warning);
                }
                continue;
            }
            let Some(key) = known(&name) else {
                self.warnings.push(format!(
                    "ignoring unknown setting {}; did you mean {}?",
                    variable(&name),
                    variable(nearest(&name))
                ));
                continue;
            };
            let setting = Setting {
                key,
                value: text(value).unwrap_or_default(),
                layer: Layer::Environment,
            };
            if setting.value.is_empty() {
                // A compose file passes unset variables on as empty ones; a database must be set on purpose.
                if key.starts_with("database_url") {
                    return Err(setting.wrong("is empty", None));
                }
                continue;
            }
            self.values.insert(key, setting);
        }
        Ok(())
    }
}

fn known(name: &str) -> Option<&'static str> {
    KEYS.iter().map(|(key, ..)| *key).find(|key| *key == name)
}

fn nearest(name: &str) -> &'static str {
    let name = &name.to_lowercase();
    let name = name.strip_prefix("pyflix_").unwrap_or(name);
    KEYS.iter()
        .map(|(key, ..)| *key)
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)))
        .unwrap_or_default()
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase())
}

/// A value without the spaces around it, which no setting needs.
fn text(value: Value) -> Option<String> {
    match value.kind {
        ValueKind::Array(values) => {
            let texts: Option<Vec<_>> = values.into_iter().map(text).collect();
            texts.map(|texts| texts.join(","))
        }
        ValueKind::Table(_) | ValueKind::Nil => None,
        _ => Some(value.into_string().ok()?.trim().to_owned()),
    }
}

fn one_line(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

    /// The names of variables in a text; that of a group, such as `PYFLIX_FUSE_…`, ends with `_`.
    fn names(text: &str) -> impl Iterator<Item = &str> {
        text.split(PREFIX).skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_');
            &rest[..end.unwrap_or(rest.len())]
        })
    }

    #[test]
    fn every_variable_in_the_documents_is_a_setting() {
        let docs = fs::read_dir(format!("{ROOT}/docs")).unwrap();
        let mut pages: Vec<_> = docs.map(|entry| entry.unwrap().path()).collect();
        pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
        pages.push(format!("{ROOT}/README.md").into());
        pages.push(format!("{ROOT}/.env.example").into());
        for page in pages {
            let text = fs::read_to_string(&page).unwrap();
            for name in names(&text) {
                let name = name.to_lowercase();
                let is_group = name.is_empty() || name.ends_with('_');
                let is_known = match is_group {
                    _ if name == TRACES_KEY => true,
                    true => KEYS.iter().any(|(key, ..)| key.starts_with(&name)),
                    false => known(&name).is_some(),
                };
                assert!(is_known, "{}: {}", page.display(), variable(&name));
            }
        }
    }

    #[test]
    fn spaces_around_a_value_are_ignored() {
        for (key, _, example) in KEYS {
            let spaced = format!(" {example}\t ");
            let environment = HashMap::from([(variable(key), spaced.clone())]);
            let settings = Settings::read(environment, Path::new("/nowhere")).unwrap();
            assert_eq!(settings.get(key).value, example, "{key}");

            let mut settings = Settings::read(HashMap::new(), Path::new("/nowhere")).unwrap();
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), format!("{key} = \"{spaced}\"")).unwrap();
            settings.read_file(file.path()).unwrap();
            assert_eq!(settings.get(key).value, example, "{key}");
        }
    }

    #[test]
    fn the_readme_lists_every_setting_with_its_default() {
        let readme = fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
        for (key, default, _) in KEYS {
            let row = format!("| `{}` | ", variable(key));
            let row = readme.lines().find_map(|line| line.strip_prefix(&row));
            let row = row.unwrap_or_else(|| panic!("{key} is not in README.md"));
            if let Some(default) = default {
                assert!(row.starts_with(&format!("`{default}` |")), "{key}: {row}");
            }
        }
    }
}
