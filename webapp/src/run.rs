//! Running the web app: a listener, the catalogue follower, and the server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail};
use common::clock::Clock;
use common::config::Config;
use common::repository::Repository;
use http_content::ResponseCache;
use http_front::Limits;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app_state::AppState;
use crate::events::{self, Events};
use crate::http::{self, PublicUrl};
use crate::middleware::RequestLimits;
use crate::state::{self, CurrentSite};
use crate::{pages, response_cache, routes};

/// The sockets that the web app accepts connections on.
#[derive(Debug)]
pub struct Listeners {
    /// `PYFLIX_LISTEN`.
    pub site: TcpListener,
    /// `PYFLIX_GHIBLI_LISTEN`.
    pub ghibli: Option<TcpListener>,
}

/// Listens on the configured addresses.
///
/// # Errors
/// If it cannot; the message says what to do.
pub async fn listen(config: &Config) -> anyhow::Result<Listeners> {
    check_public_url(config)?;
    Ok(Listeners {
        site: listen_on("PYFLIX_LISTEN", config.listen).await?,
        ghibli: match config.ghibli_listen {
            Some(address) => Some(listen_on("PYFLIX_GHIBLI_LISTEN", address).await?),
            None => None,
        },
    })
}

/// A proxy may remove the path of the public URL or not, so it must differ from all other paths.
fn check_public_url(config: &Config) -> anyhow::Result<()> {
    let path = config.public_url.as_deref().map_or("", http::prefix);
    let first = path.split('/').nth(1).unwrap_or_default();
    if routes::has_own(first) {
        bail!(
            "PYFLIX_PUBLIC_URL: its path begins with /{first}, which is one of its own paths; use \
             another one, for example PYFLIX_PUBLIC_URL=https://example.org/pyflix"
        );
    }
    Ok(())
}

async fn listen_on(variable: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let problem = match error.kind() {
            io::ErrorKind::AddrInUse => "the address is already in use".to_owned(),
            _ => error.to_string(),
        };
        let suggestion = SocketAddr::new(address.ip(), address.port().wrapping_add(1));
        anyhow::anyhow!(
            "{variable}: cannot listen on {address}: {problem}; try {variable}={suggestion}"
        )
    })
}

/// The address to open in a browser on this machine.
///
/// # Errors
/// If the listener's address cannot be read.
pub fn address(listener: &TcpListener) -> io::Result<String> {
    let address = listener.local_addr()?;
    if address.ip().is_unspecified() {
        return Ok(format!("http://localhost:{}", address.port()));
    }
    Ok(format!("http://{address}"))
}

/// Serves what the repository publishes until `shutdown`.
///
/// # Errors
/// If the server or the catalogue follower stops before shutdown.
pub async fn run(
    config: &Config,
    repository: &Repository,
    listeners: Listeners,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let limits = limits(&listeners);
    let request_limits = RequestLimits::default();
    let state = AppState {
        current: CurrentSite::default(),
        public_url: PublicUrl {
            configured: config.public_url.as_deref().map(Into::into),
            trusted_proxies: config.trusted_proxies.clone().into(),
            is_ghibli: false,
        },
        events: Events::new(&limits, shutdown.clone()),
    };
    let prewarm = {
        let state = state.clone();
        move |outdated: Arc<ResponseCache>, site| {
            let state = AppState {
                current: CurrentSite::new(site),
                ..state.clone()
            };
            let app = routes::app(state, request_limits);
            async move { response_cache::prewarm(&outdated, app).await }
        }
    };
    let follower = tokio::spawn(state::follow(
        state.current.clone(),
        repository.clone(),
        config.sync_interval,
        Clock::system(),
        events::encode::version,
        prewarm,
        shutdown.clone(),
    ));
    let current = state.current.clone();
    let cached = response_cache::cached(current.clone(), state.public_url.clone());
    let app = routes::app(state.clone(), request_limits);
    // Not spawned, because the allocator keeps an arena for each thread that renders pages.
    let hot_pages =
        response_cache::warm_up(current, app.clone(), pages::main_paths(), pages::item_paths);
    let site = http_front::serve(listeners.site, cached, app, limits, shutdown.clone());
    let ghibli = serve_ghibli(listeners.ghibli, &state, limits, shutdown.clone())?;
    let serve = async { tokio::try_join!(site, ghibli).map(drop) };
    let mut served = tokio::spawn(serve);
    tokio::select! {
        end = &mut served => return end?.context("the server stopped unexpectedly"),
        end = follower => {
            if !shutdown.is_cancelled() {
                end.context("the database watcher crashed")?;
                bail!("the database watcher stopped unexpectedly");
            }
        }
        never = hot_pages => match never {},
    }
    served.await?.context("the server stopped unexpectedly")
}

/// The listeners share the file descriptors.
fn limits(listeners: &Listeners) -> Limits {
    let limits = Limits::default();
    match listeners.ghibli {
        Some(_) => Limits {
            max_connections: limits.connections().div_ceil(2),
            ..limits
        },
        None => limits,
    }
}

/// Serves the compatible API at the root of its own listener, if it has one, until `shutdown`.
fn serve_ghibli(
    listener: Option<TcpListener>,
    state: &AppState,
    limits: Limits,
    shutdown: CancellationToken,
) -> io::Result<impl Future<Output = io::Result<()>> + Send + use<>> {
    let public_url = PublicUrl {
        // That of the site.
        configured: None,
        is_ghibli: true,
        ..state.public_url.clone()
    };
    let state = AppState {
        public_url: public_url.clone(),
        ..state.clone()
    };
    if let Some(listener) = &listener {
        tracing::info!("the Ghibli API's replacement is at {}", address(listener)?);
    }
    Ok(async move {
        let Some(listener) = listener else {
            return Ok(());
        };
        let cached = response_cache::cached(state.current.clone(), public_url);
        let app = routes::app(state, RequestLimits::default());
        http_front::serve(listener, cached, app, limits, shutdown).await
    })
}
