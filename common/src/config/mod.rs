//! Configuration: defaults, then `pyflix.toml`, then the environment, each value checked.

mod memory;
mod parse;
mod settings;
mod values;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

pub use ipnet::IpNet;
use url::Url;

pub use settings::ConfigError;
use settings::{CONFIG_FILE, Setting, Settings};
pub use values::{Database, FuseLimits, LogFormat, PosterHost, PosterSettings, Webhook};

const SECRET_ADVICE: &str =
    "write one line for all URLs or one for each; echo whsec_$(openssl rand -base64 32) makes one";

/// All settings of all binaries. Each binary accepts all of them and uses some.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the catalogue is stored.
    pub database: Database,
    /// The address that the web app listens on.
    pub listen: SocketAddr,
    /// The base URLs of the source, in the order in which they are tried.
    pub provider_urls: Vec<Url>,
    /// Maximum decoded size of one response of the source, in bytes.
    pub provider_max_bytes: u64,
    /// Time between syncs, from the end of one to the start of the next.
    pub sync_interval: Duration,
    /// The limits of the fuse.
    pub fuse: FuseLimits,
    /// Syncs in a row that may miss an item before it is removed.
    pub missed_syncs: u32,
    /// Number of versions that are kept with their history.
    pub retention: u64,
    /// The address that a second listener of the web app has, with the drop-in API at its root.
    pub ghibli_listen: Option<SocketAddr>,
    /// The address of the listener for `/metrics`.
    pub metrics_listen: Option<SocketAddr>,
    /// Base of all links, without a final slash; `None`: taken from the request.
    pub public_url: Option<String>,
    /// The proxies whose `X-Forwarded-…` and `Forwarded` fields count.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether and from where posters are fetched.
    pub posters: PosterSettings,
    /// The webhooks that events are posted to.
    pub webhooks: Vec<Webhook>,
    /// Filter directives for the log: `info`, `common=debug`.
    pub log: String,
    /// The form of log lines.
    pub log_format: LogFormat,
    /// Warnings to log at the start, such as unknown names.
    pub warnings: Vec<String>,
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
        Self::from_sources(environment, Path::new(CONFIG_FILE))
    }

    /// A warning if the memory limit of this process's control group is below what a sync may use.
    pub fn memory_warning(&self) -> Option<String> {
        memory::warning(self.provider_max_bytes, memory_limit())
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
            listen: settings.get("listen").parse(parse::listen)?,
            provider_urls: settings.get("provider_urls").parse(parse::provider_urls)?,
            provider_max_bytes: settings.get("provider_max_bytes").parse(parse::max_bytes)?,
            sync_interval: settings.get("sync_interval").parse(parse::interval)?,
            fuse: FuseLimits {
                may_be_empty: settings.get("fuse_empty").parse(parse::may_be_empty)?,
                lost_percent: settings.get("fuse_lost").parse(parse::percent)?,
                blanked_percent: settings.get("fuse_blanked").parse(parse::percent)?,
                unreadable_percent: settings.get("fuse_unreadable").parse(parse::percent)?,
                duplicates: settings
                    .get("fuse_duplicates")
                    .parse(|text| parse::count(text, 0..=1_000_000))?,
            },
            missed_syncs: settings
                .get("missed_syncs")
                .parse(|text| parse::count(text, 0..=1_000_000))?,
            retention: settings
                .get("retention")
                .parse(|text| parse::count(text, 2..=2_000))?,
            ghibli_listen: settings
                .find("ghibli_listen")
                .map(|setting| setting.parse(parse::listen))
                .transpose()?,
            metrics_listen: settings
                .find("metrics_listen")
                .map(|setting| setting.parse(parse::listen))
                .transpose()?,
            trusted_proxies: settings
                .find("trusted_proxies")
                .map_or(Ok(Vec::new()), |setting| setting.parse(parse::networks))?,
            public_url: settings
                .find("public_url")
                .map(|setting| setting.parse(parse::public_url))
                .transpose()?,
            posters: posters(&settings)?,
            webhooks: webhooks(&settings)?,
            log: settings.get("log").parse(parse::log)?,
            log_format: settings.get("log_format").parse(parse::log_format)?,
            warnings: settings.warnings,
        })
    }
}

/// The memory limit of this process's control group, in bytes; `None` without a limit.
pub fn memory_limit() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    memory::limit(&groups, Path::new("/sys/fs/cgroup"))
}

fn database(settings: &Settings) -> Result<Database, ConfigError> {
    let url = settings.find("database_url");
    let file = settings.find("database_url_file");
    match (url, file) {
        (Some(url), Some(file)) if url.layer == file.layer => Err(file.wrong(
            "cannot be combined with the URL itself",
            Some("unset one of them"),
        )),
        (Some(url), Some(file)) if url.layer > file.layer => url.parse(parse::database_url),
        (_, Some(file)) => from_file(&file),
        (Some(url), None) => url.parse(parse::database_url),
        (None, None) => settings.get("database_url").parse(parse::database_url),
    }
}

fn from_file(setting: &Setting) -> Result<Database, ConfigError> {
    let url = read_secret(setting, "the URL")?;
    parse::database_url(&url).map_err(|problem| {
        let advice = "write a URL to it, such as sqlite:data/pyflix.db";
        setting.wrong(&format!("the URL in it {problem}"), Some(advice))
    })
}

/// `auto` turns posters off on a public server: its operator needs the right to show them.
fn posters(settings: &Settings) -> Result<PosterSettings, ConfigError> {
    let is_enabled = settings.get("posters").parse(parse::posters)?;
    Ok(PosterSettings {
        is_enabled: is_enabled.unwrap_or_else(|| settings.find("public_url").is_none()),
        hosts: settings.get("poster_hosts").parse(parse::poster_hosts)?,
        cache_bytes: settings.get("poster_cache").parse(parse::max_bytes)?,
    })
}

fn webhooks(settings: &Settings) -> Result<Vec<Webhook>, ConfigError> {
    let Some(setting) = settings.find("webhook_urls") else {
        return Ok(Vec::new());
    };
    let urls = setting.parse(parse::webhook_urls)?;
    if urls.is_empty() {
        return Ok(Vec::new());
    }
    let Some(file) = settings.find("webhook_secret_file") else {
        let advice = "set PYFLIX_WEBHOOK_SECRET_FILE to a file with one secret a line";
        return Err(setting.wrong("needs a secret for each URL", Some(advice)));
    };
    let text = read_secret(&file, "one secret a line")?;
    let secrets = parse::webhook_secrets(&text, urls.len())
        .map_err(|problem| file.wrong(&problem, Some(SECRET_ADVICE)))?;
    let webhooks = urls.into_iter().zip(secrets);
    Ok(webhooks
        .map(|(url, secret)| Webhook { url, secret })
        .collect())
}

/// The text of the file that a setting names, which must not be empty.
fn read_secret(setting: &Setting, contents: &str) -> Result<String, ConfigError> {
    let path = &setting.value;
    let text = std::fs::read_to_string(path).map_err(|error| {
        setting.wrong(
            &format!("cannot read {path}: {error}"),
            Some(&format!(
                "point it at a readable file that contains {contents}"
            )),
        )
    })?;
    // Editors on Windows write a byte order mark.
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        let advice = format!("write {contents} to it");
        return Err(setting.wrong(&format!("{path} is empty"), Some(&advice)));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
