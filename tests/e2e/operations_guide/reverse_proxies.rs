//! The reverse proxies of the operations guide.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use e2e::{DEADLINE, wait_until_shows};
use tempfile::TempDir;
use testkit::process::Service;
use testkit::skips::skip;
use testkit::{eventually, on_path};

use super::document::{code_blocks, read};

/// The only block in a language.
fn example(language: &str) -> String {
    let mut blocks = code_blocks(&read("docs/operations.md"));
    blocks.retain(|block| block.language == language);
    assert_eq!(blocks.len(), 1, "{language}");
    blocks[0].lines.join("\n")
}

/// A server program, also in Debian's folder for them.
fn find(name: &str) -> Option<PathBuf> {
    let sbin = Path::new("/usr/sbin").join(name);
    on_path(&[name]).or_else(|| sbin.is_file().then_some(sbin))
}

/// Runs a program in a folder; shows what it printed if it fails.
fn run(folder: &Path, program: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(program);
    let output = command.args(args).current_dir(folder).env("HOME", folder);
    let output = output.output().unwrap();
    assert!(
        output.status.success(),
        "{args:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

#[test]
fn caddy_accepts_the_example() {
    let Some(caddy) = find("caddy") else {
        return skip("caddy_accepts_the_example", "caddy is not installed");
    };
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("Caddyfile"), example("caddyfile")).unwrap();
    let args = [
        "validate",
        "--adapter",
        "caddyfile",
        "--config",
        "Caddyfile",
    ];
    run(folder.path(), &caddy, &args);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_nginx_serves_the_site_with_tls() {
    let name = "the_example_of_nginx_serves_the_site_with_tls";
    let programs = (find("nginx"), on_path(&["openssl"]), on_path(&["curl"]));
    let (Some(nginx), Some(openssl), Some(curl)) = programs else {
        return skip(name, "nginx, openssl or curl is not installed");
    };
    let folder = TempDir::new().unwrap();
    let path = folder.path().display().to_string();
    let certificate = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=example.org \
                       -keyout privkey.pem -out fullchain.pem";
    let certificate: Vec<_> = certificate.split_whitespace().collect();
    run(folder.path(), &openssl, &certificate);
    let settings = [("PYFLIX_PUBLIC_URL", "https://example.org")];
    let app = Service::start_web("webapp", &settings, &[], DEADLINE).await;
    wait_until_shows(app.url(), "Welcome to PyFlix WebApp!").await;
    // Sockets instead of the ports 80 and 443.
    let site = example("nginx")
        .replace("listen 80;", &format!("listen unix:{path}/plain;"))
        .replace("listen 443 ssl;", &format!("listen unix:{path}/tls ssl;"))
        .replace("/etc/letsencrypt/live/example.org", &path)
        .replace("127.0.0.1:8000", &app.address().to_string());
    let config = format!(
        "daemon off;\nuser root;\npid nginx.pid;\nerror_log stderr;\nevents {{ }}\nhttp {{\n\
         access_log off;\nclient_body_temp_path body;\nproxy_temp_path proxy;\n\
         fastcgi_temp_path fastcgi;\nuwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n{site}\n}}\n"
    );
    fs::write(folder.path().join("nginx.conf"), config).unwrap();
    let args = ["-p", &path, "-c", "nginx.conf", "-e", "stderr"];
    let proxy = Service::start_program(folder.path(), &nginx, &args);
    eventually(DEADLINE, async || folder.path().join("tls").exists()).await;

    let request = |socket: &str, url: &str| {
        let args = ["-fsSki", "--unix-socket", socket, url];
        String::from_utf8(run(folder.path(), &curl, &args).stdout).unwrap()
    };
    let redirect = request("plain", "http://example.org/movies");
    assert!(
        redirect.contains("Location: https://example.org/movies"),
        "{redirect}"
    );
    let feed = request("tls", "https://example.org/feed.atom");
    assert!(
        feed.contains("href=\"https://example.org/changes\""),
        "{feed}"
    );
    drop(proxy);
}
