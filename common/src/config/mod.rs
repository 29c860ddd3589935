//! Configuration: defaults, then `pyflix.toml`, then the environment, each value checked.

mod settings;

use std::collections::HashMap;
use std::fmt::Display;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use url::Url;

pub use settings::ConfigError;
use settings::{Setting, Settings};

/// The file that is read from the working directory where it is there.
pub const FILE: &str = "pyflix.toml";

const MIN_INTERVAL: Duration = Duration::from_millis(100);
const MAX_INTERVAL: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// All settings of all binaries: each accepts the whole table and uses what concerns it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the catalogue is stored.
    pub database: Database,
    /// The address that the web app listens on.
    pub listen: SocketAddr,
    /// The base URLs of the source, in the order in which they are tried.
    pub provider_urls: Vec<Url>,
    /// The most bytes that one answer of the source may have, decoded.
    pub provider_max_bytes: u64,
    /// The time from the end of one sync to the start of the next.
    pub sync_interval: Duration,
    /// What a sync may bring before the fuse holds it.
    pub fuse: FuseLimits,
    /// How many looks in a row an item may be missing at the source before it goes.
    pub missed_syncs: u32,
    /// How many versions are kept, with their history.
    pub retention: u64,
    /// What links in the APIs start with, without a slash at the end; `None`: the request tells.
    pub public_url: Option<String>,
    /// Filter directives for the log: `info`, `common=debug`.
    pub log: String,
    /// The form of log lines.
    pub log_format: LogFormat,
    /// What the log should say once it is there, such as names that nothing reads.
    pub warnings: Vec<String>,
}

/// What one sync may bring, per kind, before the fuse holds it. A share is of the items that are
/// published, save that of `unreadable`, which is of the records that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuseLimits {
    /// Whether a kind may come without any record while some are published (`fuse_empty`).
    pub may_be_empty: bool,
    /// The share in percent that may be missing or changed beyond recognition, if that is more
    /// than 3 items (`fuse_lost`).
    pub lost_percent: u8,
    /// The share in percent that may lose a value (`fuse_blanked`).
    pub blanked_percent: u8,
    /// The share in percent that may be unreadable (`fuse_unreadable`).
    pub unreadable_percent: u8,
    /// How many records may repeat an id (`fuse_duplicates`).
    pub duplicates: u64,
}

impl Default for FuseLimits {
    fn default() -> Self {
        Self {
            may_be_empty: false,
            lost_percent: 20,
            blanked_percent: 10,
            unreadable_percent: 20,
            duplicates: 0,
        }
    }
}

/// The two kinds of store.
#[derive(Clone, Debug)]
pub enum Database {
    /// The embedded store in this file.
    Sqlite(PathBuf),
    /// A MongoDB by its connection string, which may hold a password.
    MongoDb(SecretString),
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For programs: a JSON object a line.
    Json,
}

impl Config {
    /// Reads the settings of this process: its environment and the file in its working directory.
    ///
    /// # Errors
    /// The first setting that is wrong, with its name, the problem and an example.
    pub fn load() -> Result<Self, ConfigError> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with("PYFLIX_"))
            .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
            .collect();
        Self::from_sources(environment, Path::new(FILE))
    }

    /// Reads the settings from the variables and the file given; a missing file is no error.
    ///
    /// # Errors
    /// The first setting that is wrong, with its name, the problem and an example.
    pub fn from_sources(
        environment: HashMap<String, String>,
        file: &Path,
    ) -> Result<Self, ConfigError> {
        let settings = Settings::read(environment, file)?;
        Ok(Self {
            database: database(&settings)?,
            listen: settings.get("listen").parse(listen)?,
            provider_urls: settings.get("provider_urls").parse(provider_urls)?,
            provider_max_bytes: settings.get("provider_max_bytes").parse(max_bytes)?,
            sync_interval: settings.get("sync_interval").parse(interval)?,
            fuse: FuseLimits {
                may_be_empty: settings.get("fuse_empty").parse(may_be_empty)?,
                lost_percent: settings.get("fuse_lost").parse(percent)?,
                blanked_percent: settings.get("fuse_blanked").parse(percent)?,
                unreadable_percent: settings.get("fuse_unreadable").parse(percent)?,
                duplicates: settings
                    .get("fuse_duplicates")
                    .parse(|text| count(text, 0..=1_000_000))?,
            },
            missed_syncs: settings
                .get("missed_syncs")
                .parse(|text| count(text, 0..=1_000_000))?,
            retention: settings
                .get("retention")
                .parse(|text| count(text, 2..=2_000))?,
            public_url: settings
                .find("public_url")
                .map(|setting| setting.parse(public_url))
                .transpose()?,
            log: settings.get("log").parse(log)?,
            log_format: settings.get("log_format").parse(log_format)?,
            warnings: settings.warnings,
        })
    }
}

fn database(settings: &Settings) -> Result<Database, ConfigError> {
    let url = settings.find("database_url");
    let file = settings.find("database_url_file");
    match (url, file) {
        (Some(url), Some(file)) if url.layer == file.layer => Err(file.wrong(
            "cannot be combined with the URL itself",
            Some("unset one of them"),
        )),
        (Some(url), Some(file)) if url.layer > file.layer => url.parse(database_url),
        (_, Some(file)) => from_file(&file),
        (Some(url), None) => url.parse(database_url),
        (None, None) => settings.get("database_url").parse(database_url),
    }
}

fn from_file(setting: &Setting) -> Result<Database, ConfigError> {
    let text = std::fs::read_to_string(&setting.value).map_err(|error| {
        setting.wrong(
            &format!("cannot read {}: {error}", setting.value),
            Some("point it at a readable file that contains the URL"),
        )
    })?;
    let url = text.trim();
    if url.is_empty() {
        return Err(setting.wrong(
            &format!("{} is empty", setting.value),
            Some("write the URL to it"),
        ));
    }
    Setting {
        value: url.to_owned(),
        ..setting.clone()
    }
    .parse(database_url)
}

/// What is wrong with a value: the problem, in words that follow the setting's name.
type Parsed<T> = Result<T, String>;

fn database_url(url: &str) -> Parsed<Database> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err("does not name a file".into());
        }
        return Ok(Database::Sqlite(PathBuf::from(path)));
    }
    if url.starts_with("mongodb://") || url.starts_with("mongodb+srv://") {
        return Ok(Database::MongoDb(url.to_owned().into()));
    }
    // Never the value: it may hold a password.
    Err("must start with sqlite:, mongodb:// or mongodb+srv://".into())
}

fn listen(text: &str) -> Parsed<SocketAddr> {
    text.to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| format!("\"{text}\" is not an address and port"))
}

fn provider_urls(text: &str) -> Parsed<Vec<Url>> {
    let urls: Vec<Url> = text
        .split(',')
        .map(str::trim)
        .filter(|url| !url.is_empty())
        .enumerate()
        .map(|(index, url)| {
            http_url(url)
                .ok_or_else(|| format!("URL {} is not a complete http or https URL", index + 1))
        })
        .collect::<Parsed<_>>()?;
    if urls.is_empty() {
        return Err("contains no URL".into());
    }
    Ok(urls)
}

fn http_url(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let whole = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none();
    if !whole {
        return None;
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Some(url)
}

fn public_url(text: &str) -> Parsed<String> {
    let url = http_url(text).ok_or_else(|| "is not a complete http or https URL".to_owned())?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn max_bytes(text: &str) -> Parsed<u64> {
    let bytes: ByteSize = text
        .parse()
        .map_err(|_| format!("\"{text}\" is not a size"))?;
    if bytes.as_u64() < 1024 {
        return Err(format!("\"{text}\" is less than 1KiB"));
    }
    Ok(bytes.as_u64())
}

fn interval(text: &str) -> Parsed<Duration> {
    let interval =
        humantime::parse_duration(text).map_err(|_| format!("\"{text}\" is not a duration"))?;
    if interval < MIN_INTERVAL {
        return Err(format!("\"{text}\" is shorter than 100ms"));
    }
    if interval > MAX_INTERVAL {
        return Err(format!("\"{text}\" is longer than 31 days"));
    }
    Ok(interval)
}

fn may_be_empty(text: &str) -> Parsed<bool> {
    match text {
        "hold" => Ok(false),
        "pass" => Ok(true),
        _ => Err(format!("\"{text}\" is neither hold nor pass")),
    }
}

fn percent(text: &str) -> Parsed<u8> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    let percent = number.parse().ok().filter(|percent| *percent <= 100);
    percent.ok_or_else(|| format!("\"{text}\" is not a percentage from 0% to 100%"))
}

fn count<T: FromStr + PartialOrd + Display>(text: &str, bounds: RangeInclusive<T>) -> Parsed<T> {
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| {
        format!(
            "\"{text}\" is not a whole number from {} to {}",
            bounds.start(),
            bounds.end()
        )
    })
}

fn log(text: &str) -> Parsed<String> {
    EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|_| format!("\"{text}\" is not a log filter"))
}

fn log_format(text: &str) -> Parsed<LogFormat> {
    match text {
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("\"{text}\" is neither pretty nor json")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        config_with_file(variables, "")
    }

    fn config_with_file(variables: &[(&str, &str)], text: &str) -> Result<Config, ConfigError> {
        let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let environment = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Config::from_sources(environment, file.path())
    }

    #[test]
    fn without_any_setting_the_defaults_hold() {
        let config = config(&[]).unwrap();
        assert!(
            matches!(&config.database, Database::Sqlite(path) if path == Path::new("data/pyflix.db"))
        );
        assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
        assert_eq!(config.provider_urls.len(), 1);
        assert_eq!(config.provider_max_bytes, 16 << 20);
        assert_eq!(config.sync_interval, Duration::from_secs(15));
        assert_eq!(config.fuse, FuseLimits::default());
        assert_eq!((config.missed_syncs, config.retention), (3, 256));
        assert_eq!(config.public_url, None);
        assert_eq!(config.log_format, LogFormat::Pretty);
        assert!(config.warnings.is_empty());
    }

    #[test]
    fn the_environment_beats_the_file_and_the_file_beats_the_defaults() {
        let file = "sync_interval = \"1m\"\nlisten = \"127.0.0.1:1\"\nprovider_urls = [\"http://a\", \"http://b/x/\"]\n";
        let config = config_with_file(&[("PYFLIX_SYNC_INTERVAL", "2m")], file).unwrap();
        assert_eq!(config.sync_interval, Duration::from_secs(120));
        assert_eq!(config.listen.port(), 1);
        assert_eq!(config.provider_urls[1].as_str(), "http://b/x");
    }

    #[test]
    fn a_wrong_value_is_told_with_its_name_the_problem_and_an_example() {
        for (name, value) in [
            ("PYFLIX_DATABASE_URL", "postgres://u:secret@h/d"),
            ("PYFLIX_DATABASE_URL", ""),
            ("PYFLIX_LISTEN", "8000"),
            ("PYFLIX_PROVIDER_URLS", "http://a,ftp://b"),
            ("PYFLIX_PROVIDER_MAX_BYTES", "many"),
            ("PYFLIX_SYNC_INTERVAL", "soon"),
            ("PYFLIX_SYNC_INTERVAL", "0s"),
            ("PYFLIX_FUSE_EMPTY", "no"),
            ("PYFLIX_FUSE_LOST", "101%"),
            ("PYFLIX_FUSE_BLANKED", "-1%"),
            ("PYFLIX_FUSE_UNREADABLE", "a fifth"),
            ("PYFLIX_FUSE_DUPLICATES", "few"),
            ("PYFLIX_MISSED_SYNCS", "3 looks"),
            ("PYFLIX_RETENTION", "2001"),
            ("PYFLIX_PUBLIC_URL", "example.org"),
            ("PYFLIX_LOG", "info=what=this"),
            ("PYFLIX_LOG_FORMAT", "xml"),
            ("PYFLIX_DATABASE_URL_FILE", "/nowhere/at/all"),
        ] {
            let message = config(&[(name, value)]).unwrap_err().to_string();
            assert!(message.starts_with(name), "{message}");
            assert!(
                message.contains("for example") || name.ends_with("FILE"),
                "{message}"
            );
            assert!(
                !message.contains("secret") && !message.contains('\n'),
                "{message}"
            );
        }
    }

    #[test]
    fn a_variable_that_nothing_reads_is_a_warning_with_the_nearest_name() {
        let config = config(&[("PYFLIX_SYNC_INTERVALL", "1m")]).unwrap();
        assert_eq!(config.warnings.len(), 1);
        assert!(config.warnings[0].contains("PYFLIX_SYNC_INTERVALL"));
        assert!(config.warnings[0].contains("PYFLIX_SYNC_INTERVAL "));
    }

    #[test]
    fn a_key_in_the_file_that_nothing_reads_stops_the_start() {
        let message = config_with_file(&[], "interval = \"1m\"")
            .unwrap_err()
            .to_string();
        assert!(message.contains("interval"), "{message}");
        assert!(message.contains("sync_interval"), "{message}");
    }

    #[test]
    fn the_database_url_can_come_from_a_file_but_not_twice() {
        let mut secret = tempfile::NamedTempFile::new().unwrap();
        let path = secret.path().to_str().unwrap().to_owned();
        let variable = ("PYFLIX_DATABASE_URL_FILE", path.as_str());
        let empty = config(&[variable]).unwrap_err().to_string();
        assert!(empty.contains("is empty"), "{empty}");
        secret.write_all(b"mongodb://u:p@h/d\n").unwrap();
        assert!(matches!(
            config(&[variable]).unwrap().database,
            Database::MongoDb(_)
        ));
        let both = config(&[variable, ("PYFLIX_DATABASE_URL", "sqlite:a.db")]).unwrap_err();
        assert!(
            both.to_string().contains("PYFLIX_DATABASE_URL_FILE"),
            "{both}"
        );
        let mixed = config_with_file(&[variable], "database_url = \"sqlite:a.db\"").unwrap();
        assert!(matches!(mixed.database, Database::MongoDb(_)));
    }
}
