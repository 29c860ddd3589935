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
use crate::http::PublicUrl;
use crate::middleware::RequestLimits;
use crate::state::{self, CurrentSite};
use crate::{pages, response_cache, routes};

/// Listens on the configured address.
///
/// # Errors
/// If it cannot; the message says what to do.
pub async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    TcpListener::bind(config.listen).await.map_err(|error| {
        let problem = match error.kind() {
            io::ErrorKind::AddrInUse => "the address is already in use".to_owned(),
            _ => error.to_string(),
        };
        let suggestion = SocketAddr::new(config.listen.ip(), config.listen.port().wrapping_add(1));
        anyhow::anyhow!(
            "PYFLIX_LISTEN: cannot listen on {}: {problem}; try PYFLIX_LISTEN={suggestion}",
            config.listen
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
/// If the server or the catalogue follower ends by itself.
pub async fn run(
    config: &Config,
    repository: &Repository,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let limits = Limits::default();
    let request_limits = RequestLimits::default();
    let state = AppState {
        current: CurrentSite::default(),
        public_url: PublicUrl(config.public_url.as_deref().map(Into::into)),
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
    let cached = response_cache::cached(current.clone());
    let app = routes::app(state, request_limits);
    // Not spawned, because the allocator keeps an arena for each thread that renders pages.
    let hot_pages =
        response_cache::warm_up(current, app.clone(), pages::main_paths(), pages::item_paths);
    let serve = http_front::serve(listener, cached, app, limits, shutdown.clone());
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
