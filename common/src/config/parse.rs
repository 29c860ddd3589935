//! Parsers of the settings' values.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use bytesize::ByteSize;
use ipnet::IpNet;
use secrecy::SecretSlice;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use url::{Host, Url};

use super::values::{Database, LogFormat, PosterHost};

const HTTPS_PORT: u16 = 443;
const MIN_INTERVAL: Duration = Duration::from_millis(100);
const MAX_INTERVAL: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// A parsed value, or the problem, worded to follow the setting's name.
pub(super) type ParseResult<T> = Result<T, String>;

pub(super) fn database_url(url: &str) -> ParseResult<Database> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        return sqlite_path(path).map(Database::Sqlite);
    }
    if url.starts_with("mongodb://") || url.starts_with("mongodb+srv://") {
        return Ok(Database::MongoDb(url.to_owned().into()));
    }
    // Never the value: it may hold a password.
    Err("must start with sqlite:, mongodb:// or mongodb+srv://".into())
}

/// The path of `sqlite:PATH` or `sqlite://PATH`. Other tools know more forms, each of which would
/// be a file of an odd name.
fn sqlite_path(path: &str) -> ParseResult<PathBuf> {
    let path = path.strip_prefix("//").unwrap_or(path);
    let problem = if path.is_empty() {
        "does not name a file"
    } else if path.contains(":memory:") {
        "must name a file, since a database in memory would be lost at the end"
    } else if path.contains('?') {
        "takes no parameters: write the path alone, without the question mark"
    } else if path.starts_with("file:") {
        "takes a path: write it without file:"
    } else if path.starts_with("~/") {
        "takes ~ literally: write the path of the folder"
    } else if path.starts_with('$') {
        "takes $ literally: write the value of the variable"
    } else if path.trim() != path || path.contains(char::is_control) {
        "has spaces or control characters around the path"
    } else if path.ends_with('/') || path.ends_with("/..") || matches!(path, "." | "..") {
        "names a folder and not a file"
    } else {
        return Ok(path.into());
    };
    Err(problem.into())
}

pub(super) fn listen(text: &str) -> ParseResult<SocketAddr> {
    text.to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| format!("\"{text}\" is not an address and port"))
}

pub(super) fn provider_urls(text: &str) -> ParseResult<Vec<Url>> {
    let urls: Vec<Url> = text
        .split(',')
        .map(str::trim)
        .filter(|url| !url.is_empty())
        .enumerate()
        .map(|(index, url)| {
            http_url(url)
                .ok_or_else(|| format!("URL {} is not a complete http or https URL", index + 1))
        })
        .collect::<ParseResult<_>>()?;
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

/// The URLs of webhooks. No problem repeats one: it may hold a password.
pub(super) fn webhook_urls(text: &str) -> ParseResult<Vec<Url>> {
    let texts = text.split(',').map(str::trim);
    let texts = texts.filter(|text| !text.is_empty());
    let mut urls = Vec::new();
    for text in texts {
        let url = Url::parse(text).ok();
        let is_complete = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        let number = urls.len() + 1;
        match url.filter(is_complete) {
            None => return Err(format!("URL {number} is not a complete http or https URL")),
            Some(url) if urls.contains(&url) => {
                return Err(format!("URL {number} is listed twice"));
            }
            Some(url) => urls.push(url),
        }
    }
    Ok(urls)
}

/// The secrets of a number of webhooks, one a line; a single one serves all.
pub(super) fn webhook_secrets(text: &str, webhooks: usize) -> ParseResult<Vec<SecretSlice<u8>>> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty());
    let secrets: Vec<_> = lines
        .enumerate()
        .map(|(index, line)| {
            webhook_secret(line).ok_or_else(|| {
                format!(
                    "secret {} in it is not whsec_ followed by the base64 of 24 to 64 bytes",
                    index + 1
                )
            })
        })
        .collect::<ParseResult<_>>()?;
    match secrets.len() {
        1 => Ok(vec![secrets[0].clone(); webhooks]),
        count if count == webhooks => Ok(secrets),
        count => Err(format!(
            "its number of secrets, {count}, is not 1 or the number of URLs, {webhooks}"
        )),
    }
}

fn webhook_secret(text: &str) -> Option<SecretSlice<u8>> {
    let key = BASE64.decode(text.strip_prefix("whsec_")?).ok()?;
    (24..=64).contains(&key.len()).then(|| key.into())
}

pub(super) fn public_url(text: &str) -> ParseResult<String> {
    let parsed = Url::parse(text).ok();
    if parsed.is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
        // Never the value: it holds a password, and every link would show it.
        return Err("must not contain a user name or password".into());
    }
    let is_name = |host: &str| !host.contains([',', '*', '$', '%']);
    let url = http_url(text).filter(|url| url.host_str().is_some_and(is_name));
    let url = url.ok_or_else(|| {
        "is not one complete http or https URL without a query and fragment".to_owned()
    })?;
    if url.path().contains("//") {
        return Err("has an empty segment in its path (//)".into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

pub(super) fn networks(text: &str) -> ParseResult<Vec<IpNet>> {
    let networks = text.split(',').map(str::trim);
    let networks = networks.filter(|network| !network.is_empty());
    networks
        .map(|network| {
            let address = || network.parse::<IpAddr>().map(IpNet::from);
            network
                .parse()
                .or_else(|_| address())
                .map_err(|_| format!("\"{network}\" is neither an address nor a network"))
        })
        .collect()
}

pub(super) fn max_bytes(text: &str) -> ParseResult<u64> {
    let bytes: ByteSize = text
        .parse()
        .map_err(|_| format!("\"{text}\" is not a size"))?;
    if bytes.as_u64() < 1024 {
        return Err(format!("\"{text}\" is less than 1KiB"));
    }
    Ok(bytes.as_u64())
}

/// Whether posters are fetched and shown; `None` if that depends on the public URL.
pub(super) fn posters(text: &str) -> ParseResult<Option<bool>> {
    match text {
        "auto" => Ok(None),
        "on" => Ok(Some(true)),
        "off" => Ok(Some(false)),
        _ => Err(format!("\"{text}\" is neither auto, on nor off")),
    }
}

pub(super) fn poster_hosts(text: &str) -> ParseResult<Vec<PosterHost>> {
    let hosts = text.split(',').map(str::trim);
    let hosts = hosts.filter(|host| !host.is_empty());
    hosts.map(poster_host).collect()
}

fn poster_host(text: &str) -> ParseResult<PosterHost> {
    if let Ok(address) = text.parse() {
        return Ok(PosterHost::Address(address));
    }
    let url = Url::parse(&format!("https://{text}")).ok();
    let is_bare = |url: &Url| {
        url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && !text.ends_with('/')
            && !text.contains('*')
    };
    let url = url.filter(is_bare);
    let url = url.ok_or_else(|| format!("\"{text}\" is neither a host nor an address and port"))?;
    match url.host() {
        Some(Host::Domain(name)) => Ok(PosterHost::Name {
            name: name.to_owned(),
            port: url.port().unwrap_or(HTTPS_PORT),
        }),
        _ => Err(format!("\"{text}\" is an address without a port")),
    }
}

pub(super) fn interval(text: &str) -> ParseResult<Duration> {
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

pub(super) fn may_be_empty(text: &str) -> ParseResult<bool> {
    match text {
        "hold" => Ok(false),
        "pass" => Ok(true),
        _ => Err(format!("\"{text}\" is neither hold nor pass")),
    }
}

pub(super) fn percent(text: &str) -> ParseResult<u8> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    let percent = number.parse().ok().filter(|percent| *percent <= 100);
    percent.ok_or_else(|| format!("\"{text}\" is not a percentage from 0% to 100%"))
}

pub(super) fn count<T: FromStr + PartialOrd + Display>(
    text: &str,
    bounds: RangeInclusive<T>,
) -> ParseResult<T> {
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| {
        format!(
            "\"{text}\" is not a whole number from {} to {}",
            bounds.start(),
            bounds.end()
        )
    })
}

pub(super) fn log(text: &str) -> ParseResult<String> {
    // EnvFilter takes positions in a directive without the spaces around it for those with them.
    let filter: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    // It takes any other word for the name of a module, and turns off the log of all others.
    let is_level = |word: &str| word.parse::<LevelFilter>().is_ok() || word.contains(['=', '[']);
    if let Some(word) = filter.split(',').find(|word| !is_level(word)) {
        return Err(format!(
            "\"{word}\" is not one of error, warn, info, debug, trace and off"
        ));
    }
    EnvFilter::try_new(&filter)
        .map(|_| filter)
        .map_err(|_| format!("\"{text}\" is not a log filter"))
}

pub(super) fn log_format(text: &str) -> ParseResult<LogFormat> {
    match text {
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("\"{text}\" is neither pretty nor json")),
    }
}
