use std::collections::HashMap;
use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret;

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
    assert_eq!(config.metrics_listen, None);
    assert!(config.posters.is_enabled);
    assert_eq!(config.posters.cache_bytes, 16 << 20);
    let hosts = ["image.tmdb.org", "www.themoviedb.org"].map(|name| PosterHost::Name {
        name: name.to_owned(),
        port: 443,
    });
    assert_eq!(config.posters.hosts, hosts);
    assert_eq!(config.log_format, LogFormat::Pretty);
    assert!(config.warnings.is_empty());
}

#[test]
fn posters_are_off_by_default_on_a_public_server() {
    let url = ("PYFLIX_PUBLIC_URL", "https://movies.example.org");
    for (variables, is_enabled) in [
        (vec![url], false),
        (vec![url, ("PYFLIX_POSTERS", "on")], true),
        (vec![("PYFLIX_POSTERS", "off")], false),
        (vec![("PYFLIX_POSTERS", "auto")], true),
    ] {
        let config = config(&variables).unwrap();
        assert_eq!(config.posters.is_enabled, is_enabled, "{variables:?}");
    }
}

#[test]
fn a_poster_host_is_a_name_or_an_address_with_its_port() {
    let hosts = "Pictures.Example.org, pictures.example.org:8443,127.0.0.1:4711,[::1]:80,";
    let config = config(&[("PYFLIX_POSTER_HOSTS", hosts)]).unwrap();
    let name = |port| PosterHost::Name {
        name: "pictures.example.org".to_owned(),
        port,
    };
    let address = |text: &str| PosterHost::Address(text.parse().unwrap());
    assert_eq!(
        config.posters.hosts,
        [
            name(443),
            name(8443),
            address("127.0.0.1:4711"),
            address("[::1]:80")
        ]
    );
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
fn a_wrong_value_is_reported_with_its_name_the_problem_and_an_example() {
    for (name, value) in [
        ("PYFLIX_DATABASE_URL", "postgres://u:secret@h/d"),
        ("PYFLIX_DATABASE_URL", ""),
        ("PYFLIX_LISTEN", "8000"),
        ("PYFLIX_PROVIDER_URLS", "http://a,ftp://b"),
        ("PYFLIX_PROVIDER_MAX_BYTES", "many"),
        ("PYFLIX_SYNC_INTERVAL", "soon"),
        ("PYFLIX_POSTERS", "yes"),
        ("PYFLIX_POSTER_HOSTS", "127.0.0.1"),
        ("PYFLIX_POSTER_HOSTS", "https://image.tmdb.org"),
        ("PYFLIX_POSTER_HOSTS", "image.tmdb.org/t/p"),
        ("PYFLIX_POSTER_CACHE", "large"),
        ("PYFLIX_SYNC_INTERVAL", "0s"),
        ("PYFLIX_FUSE_EMPTY", "no"),
        ("PYFLIX_FUSE_LOST", "101%"),
        ("PYFLIX_FUSE_BLANKED", "-1%"),
        ("PYFLIX_FUSE_UNREADABLE", "a fifth"),
        ("PYFLIX_FUSE_DUPLICATES", "few"),
        ("PYFLIX_MISSED_SYNCS", "3 syncs"),
        ("PYFLIX_RETENTION", "2001"),
        ("PYFLIX_GHIBLI_LISTEN", "8001"),
        ("PYFLIX_METRICS_LISTEN", "metrics"),
        ("PYFLIX_TRUSTED_PROXIES", "proxy.example"),
        ("PYFLIX_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("PYFLIX_PUBLIC_URL", "example.org"),
        ("PYFLIX_PUBLIC_URL", "https://user:secret@example.org"),
        ("PYFLIX_PUBLIC_URL", "https://:secret@example.org"),
        ("PYFLIX_PUBLIC_URL", "https://secret@example.org/path"),
        ("PYFLIX_PUBLIC_URL", "https://example.org/?key=secret"),
        ("PYFLIX_PUBLIC_URL", "https://example.org/#secret"),
        ("PYFLIX_WEBHOOK_URLS", "ftp://secret@example.org"),
        ("PYFLIX_WEBHOOK_URLS", "http://a,http://b,http://a"),
        ("PYFLIX_PUBLIC_URL", "https://x.example//a"),
        ("PYFLIX_PUBLIC_URL", "https://a.example,https://b.example"),
        ("PYFLIX_PUBLIC_URL", "https://*.example"),
        ("PYFLIX_POSTER_HOSTS", "*.example.org"),
        ("PYFLIX_LOG", "info=what=this"),
        ("PYFLIX_LOG", "warning"),
        ("PYFLIX_LOG", "error;info"),
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

const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The configuration with these webhooks and a file of these secrets.
fn config_with_webhooks(urls: &str, secrets: &str) -> Result<Config, ConfigError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(secrets.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    config(&[
        ("PYFLIX_WEBHOOK_URLS", urls),
        ("PYFLIX_WEBHOOK_SECRET_FILE", path),
    ])
}

#[test]
fn one_webhook_secret_serves_all_urls_and_several_are_in_their_order() {
    let secret = |key: &[u8]| format!("whsec_{}\n", BASE64_STANDARD.encode(key));
    let keys = |urls: &str, secrets: &str| {
        let webhooks = config_with_webhooks(urls, secrets).unwrap().webhooks;
        let webhooks = webhooks.iter();
        let keys = webhooks.map(|webhook| webhook.secret.expose_secret()[0]);
        keys.collect::<Vec<_>>()
    };
    let (one, other) = (secret(&[1; 24]), secret(&[2; 64]));
    assert_eq!(keys("http://a, https://u:p@b/x?y=z", &one), [1, 1]);
    assert_eq!(
        keys("http://a,http://b", &format!("{one}\n{other}")),
        [1, 2]
    );
    assert_eq!(keys("http://localhost:1", &other), [2]);
    let unused = [("PYFLIX_WEBHOOK_SECRET_FILE", "/nowhere/at/all")];
    assert!(config(&unused).unwrap().webhooks.is_empty());
}

#[test]
fn a_wrong_webhook_secret_is_reported_without_it() {
    let short = format!("whsec_{}", BASE64_STANDARD.encode([1; 23]));
    let long = format!("whsec_{}", BASE64_STANDARD.encode([1; 65]));
    let two = format!("{WEBHOOK_SECRET}\n{WEBHOOK_SECRET}");
    for (secrets, problem) in [
        ("", "is empty"),
        (&*short, "secret 1 in it is not whsec_"),
        (&*long, "secret 1 in it is not whsec_"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret 1 in it"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!", "secret 1 in it"),
        (&*format!("{WEBHOOK_SECRET}\nwhsec_"), "secret 2 in it"),
        (&*two, "2, is not 1 or the number of URLs, 3"),
    ] {
        let error = config_with_webhooks("http://a,http://b,http://c", secrets).unwrap_err();
        let message = error.to_string();
        let starts = message.starts_with("PYFLIX_WEBHOOK_SECRET_FILE: ");
        assert!(starts && message.contains(problem), "{message}");
        assert!(
            !message.contains("MfKQ") && !message.contains('\n'),
            "{message}"
        );
    }
    let message = config(&[("PYFLIX_WEBHOOK_URLS", "http://u:secret@a")]);
    let message = message.unwrap_err().to_string();
    assert!(message.contains("PYFLIX_WEBHOOK_SECRET_FILE"), "{message}");
    assert!(!message.contains("u:secret"), "{message}");
}

#[test]
fn the_url_of_an_sqlite_file_is_a_path() {
    for (url, wanted) in [
        ("sqlite:x.db", "x.db"),
        ("sqlite:data/pyflix.db", "data/pyflix.db"),
        ("sqlite://relative.db", "relative.db"),
        ("sqlite:/abs/path.db", "/abs/path.db"),
        ("sqlite:///abs/path.db", "/abs/path.db"),
        ("sqlite:////abs/path.db", "//abs/path.db"),
        ("sqlite:no-extension", "no-extension"),
        ("sqlite:my films/100%.db", "my films/100%.db"),
    ] {
        let config = config(&[("PYFLIX_DATABASE_URL", url)]).unwrap();
        let Database::Sqlite(path) = config.database else {
            panic!("{url}");
        };
        assert_eq!(path, Path::new(wanted), "{url}");
    }
}

#[test]
fn a_form_of_another_tool_for_an_sqlite_file_is_refused_with_the_right_form() {
    for url in [
        "sqlite:",
        "sqlite://",
        "sqlite::memory:",
        "sqlite://:memory:",
        "sqlite:///:memory:",
        "sqlite::memory:?cache=shared",
        "sqlite:file::memory:",
        "sqlite:x.db?mode=rwc",
        "sqlite:///x.db?mode=ro&cache=shared",
        "sqlite:file:x.db",
        "sqlite:file:///x.db",
        "sqlite:~/x.db",
        "sqlite:$HOME/x.db",
        "sqlite:data/",
        "sqlite:/",
        "sqlite:.",
        "sqlite: x.db",
        "sqlite:x\r.db",
        "sqlite3:x.db",
        "SQLite:x.db",
        "file:x.db",
        "x.db",
        "/data/x.db",
        ":memory:",
    ] {
        let message = config(&[("PYFLIX_DATABASE_URL", url)])
            .unwrap_err()
            .to_string();
        assert!(message.starts_with("PYFLIX_DATABASE_URL: "), "{message}");
        assert!(
            message.ends_with("for example PYFLIX_DATABASE_URL=sqlite:data/pyflix.db"),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_variable_that_nothing_reads_is_a_warning_with_the_nearest_name() {
    let config = config(&[("PYFLIX_SYNC_INTERVALL", "1m")]).unwrap();
    assert_eq!(config.warnings.len(), 1);
    assert!(config.warnings[0].contains("PYFLIX_SYNC_INTERVALL"));
    assert!(config.warnings[0].ends_with("did you mean PYFLIX_SYNC_INTERVAL?"));
}

#[test]
fn a_file_that_is_there_and_cannot_be_read_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link.toml");
    std::os::unix::fs::symlink("nowhere.toml", &link).unwrap();
    for file in [folder.path(), &link] {
        let error = Config::from_sources(HashMap::new(), file).unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with("pyflix.toml: cannot be read"),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let missing = folder.path().join("missing.toml");
    assert!(Config::from_sources(HashMap::new(), &missing).is_ok());
}

#[test]
fn a_variable_name_as_a_key_of_the_file_is_answered_with_the_key() {
    let error = config_with_file(&[], "PYFLIX_RETENTION = 5").unwrap_err();
    assert!(
        error.to_string().ends_with("did you mean retention?"),
        "{error}"
    );
}

#[test]
fn a_log_filter_may_have_spaces() {
    for (value, filter) in [
        (" info", "info"),
        ("info, webapp = debug", "info,webapp=debug"),
    ] {
        let config = config(&[("PYFLIX_LOG", value)]).unwrap();
        assert_eq!(config.log, filter);
    }
}

#[test]
fn the_setting_for_exporting_traces_is_a_warning() {
    let endpoint = "http://127.0.0.1:4318";
    let config = config(&[("PYFLIX_OTLP_ENDPOINT", endpoint)]).unwrap();
    let warning = "PYFLIX_OTLP_ENDPOINT has no effect: the export of traces is not built in";
    assert_eq!(config.warnings.len(), 1);
    assert!(
        config.warnings[0].starts_with(warning),
        "{:?}",
        config.warnings
    );
    let file = format!("otlp_endpoint = \"{endpoint}\"");
    let message = config_with_file(&[], &file).unwrap_err().to_string();
    assert!(message.contains("not built in"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
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
fn an_error_in_the_file_names_the_file_once_and_has_an_example_that_the_file_takes() {
    for (text, example) in [
        ("retention = 1", "retention = 256"),
        ("fuse_duplicates = \"few\"", "fuse_duplicates = 0"),
        ("fuse_lost = \"101%\"", "fuse_lost = \"20%\""),
        ("listen = 8000", "listen = \"127.0.0.1:8000\""),
    ] {
        let message = config_with_file(&[], text).unwrap_err().to_string();
        assert!(
            message.ends_with(&format!("; for example {example}")),
            "{message}"
        );
        assert!(config_with_file(&[], example).is_ok(), "{example}");
    }
    for text in [
        "retention =",
        "retention 256",
        "retention = 1\nretention = 2",
    ] {
        let message = config_with_file(&[], text).unwrap_err().to_string();
        assert!(message.starts_with("pyflix.toml: "), "{message}");
        assert_eq!(message.matches(".toml").count(), 1, "{message}");
    }
}

#[test]
fn the_database_url_can_come_from_a_file_but_not_twice() {
    let mut secret = tempfile::NamedTempFile::new().unwrap();
    let path = secret.path().to_str().unwrap().to_owned();
    let variable = ("PYFLIX_DATABASE_URL_FILE", path.as_str());
    let empty = config(&[variable]).unwrap_err().to_string();
    assert!(empty.contains("is empty"), "{empty}");
    std::fs::write(&path, "postgres://u:secret@h/d").unwrap();
    let wrong = config(&[variable]).unwrap_err().to_string();
    assert!(
        wrong.contains("the URL in it must start with sqlite:"),
        "{wrong}"
    );
    assert!(wrong.ends_with("such as sqlite:data/pyflix.db"), "{wrong}");
    assert!(!wrong.contains("secret@"), "{wrong}");
    std::fs::write(&path, "").unwrap();
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
