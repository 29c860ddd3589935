//! Real reverse proxies in front of a web app: HAProxy, nginx and Caddy, where they are installed.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::{
    child_process::{self, ChildProcess},
    eventually, free_port, on_path,
};

/// For a busy machine; usually it takes a second.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// The programs that can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReverseProxyKind {
    /// HAProxy: health checks of HTTP/1.0 without `Host`, connections to the app shared by all
    /// clients, compression.
    Haproxy,
    /// nginx: connections to the app are kept, compression.
    Nginx,
    /// Caddy with its defaults, and compression of everything but event streams.
    Caddy,
}

/// How a proxy passes on what is below `/pyflix`.
#[derive(Clone, Copy, Debug)]
pub enum Location {
    /// Without the prefix.
    Removed,
    /// With the prefix.
    Kept,
}

impl Location {
    /// The configuration of an nginx that passes on nothing else.
    fn config(self, port: u16, app: SocketAddr) -> String {
        let path = match self {
            Self::Removed => "/",
            Self::Kept => "",
        };
        let all = ReverseProxyKind::Nginx.config(port, app);
        all.replace("location / {", "location /pyflix/ {").replace(
            "proxy_pass http://app;",
            &format!("proxy_pass http://app{path};"),
        )
    }
}

impl ReverseProxyKind {
    /// The name of its program and of its Debian package.
    pub fn name(self) -> &'static str {
        match self {
            Self::Haproxy => "haproxy",
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
        }
    }

    fn program(self) -> Option<PathBuf> {
        let name = self.name();
        // Debian's folder for servers, which is not on every PATH.
        let sbin = Path::new("/usr/sbin").join(name);
        on_path(&[name]).or_else(|| sbin.is_file().then_some(sbin))
    }

    fn config(self, port: u16, app: SocketAddr) -> String {
        match self {
            Self::Haproxy => format!(
                "defaults\n  mode http\n  timeout connect 20s\n  timeout client 60s\n  \
                 timeout server 60s\n  http-reuse always\n\
                 frontend web\n  bind 127.0.0.1:{port}\n  default_backend app\n\
                 backend app\n  option httpchk GET /healthz\n  compression algo gzip\n  \
                 compression type text/html application/json application/problem+json text/event-stream\n  \
                 server app {app} check inter 200ms fall 100 pool-max-conn 4\n"
            ),
            Self::Nginx => format!(
                "daemon off;\nuser root;\nworker_processes 1;\npid nginx.pid;\n\
                 error_log stderr warn;\nevents {{ worker_connections 256; }}\n\
                 http {{\n  access_log off;\n  client_body_temp_path body;\n  \
                 proxy_temp_path proxy;\n  fastcgi_temp_path fastcgi;\n  uwsgi_temp_path uwsgi;\n  \
                 scgi_temp_path scgi;\n  gzip on;\n  gzip_min_length 0;\n  gzip_proxied any;\n  \
                 gzip_types application/json application/problem+json text/event-stream;\n  \
                 upstream app {{ server {app}; keepalive 4; }}\n  \
                 server {{\n    listen 127.0.0.1:{port};\n    server_name proxy.example;\n    location / {{\n      \
                 proxy_pass http://app;\n      proxy_http_version 1.1;\n      \
                 proxy_set_header Connection \"\";\n      proxy_set_header Host $host;\n    \
                 }}\n  }}\n}}\n"
            ),
            Self::Caddy => format!(
                "{{\n  admin off\n  auto_https off\n}}\nhttp://:{port} {{\n  bind 127.0.0.1\n  \
                 @rest not path */events\n  encode @rest gzip\n  reverse_proxy {app}\n}}\n"
            ),
        }
    }

    fn arguments(self, config: &Path, folder: &Path) -> Vec<String> {
        let config = config.display().to_string();
        let folder = folder.display().to_string();
        let arguments: &[&str] = match self {
            Self::Haproxy => &["-db", "-f", &config],
            Self::Nginx => &["-p", &folder, "-c", &config, "-e", "stderr"],
            Self::Caddy => &["run", "--adapter", "caddyfile", "--config", &config],
        };
        arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect()
    }
}

/// A running reverse proxy; dropping it kills it and removes its folder.
pub struct ReverseProxy {
    process: ChildProcess,
    address: SocketAddr,
    // After the process, which writes into it.
    _folder: TempDir,
}

impl ReverseProxy {
    /// Starts one in front of an app; `None` if the program is not installed.
    pub async fn start(kind: ReverseProxyKind, app: SocketAddr) -> Option<Self> {
        Self::start_with(kind, |port| kind.config(port, app)).await
    }

    /// Starts an nginx that passes on what is below `/pyflix`; `None` if it is not installed.
    pub async fn start_below(app: SocketAddr, location: Location) -> Option<Self> {
        Self::start_with(ReverseProxyKind::Nginx, |port| location.config(port, app)).await
    }

    async fn start_with(kind: ReverseProxyKind, config: impl Fn(u16) -> String) -> Option<Self> {
        let program = kind.program()?;
        loop {
            let port = free_port();
            match launch(kind, &program, port, &config(port)).await {
                Ok(proxy) => return Some(proxy),
                Err(log) if log.to_lowercase().contains("address already in use") => {}
                Err(log) => panic!("{} did not start:\n{log}", kind.name()),
            }
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its output so far.
    pub fn log(&self) -> String {
        self.process.text()
    }
}

/// Starts a proxy and waits until it accepts connections; `Err` is the log of one that ended.
async fn launch(
    kind: ReverseProxyKind,
    program: &Path,
    port: u16,
    text: &str,
) -> Result<ReverseProxy, String> {
    let folder = TempDir::with_prefix("proxy-").expect("a temporary folder can be made");
    let config = folder.path().join("config");
    std::fs::write(&config, text).expect("the folder is writable");
    let mut command = child_process::supervised(program, folder.path());
    command
        .args(kind.arguments(&config, folder.path()))
        .current_dir(folder.path())
        .env("HOME", folder.path());
    for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
        command.env_remove(name);
    }
    let process = ChildProcess::spawn(kind.name(), command);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let accepts = eventually(START_TIMEOUT, async || {
        if process.has_ended() {
            return Ok(false);
        }
        TcpStream::connect(address).await.map(|_| true)
    })
    .await;
    if !accepts {
        process.wait_output_end(START_TIMEOUT).await;
        return Err(process.text());
    }
    Ok(ReverseProxy {
        process,
        address,
        _folder: folder,
    })
}
