//! Running the web app: a listener, a follower of the store, and the server over both.

use http_content::ResponseCache;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail};
use common::clock::Clock;
use common::config::Config;
use common::repository::Repository;
use http_front::Limits;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::PublicUrl;
use crate::events::{self, Events};
use crate::middleware::RequestLimits;
use crate::response_cache;
use crate::routes::{self, App};
use crate::site::{self, Current};

/// Listens where the configuration says.
///
/// # Errors
/// When the address cannot be had; the text says what to do.
pub async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    TcpListener::bind(config.listen).await.map_err(|error| {
        let problem = match error.kind() {
            io::ErrorKind::AddrInUse => "the address is already in use".to_owned(),
            _ => error.to_string(),
        };
        let other = SocketAddr::new(config.listen.ip(), config.listen.port().wrapping_add(1));
        anyhow::anyhow!(
            "PYFLIX_LISTEN: cannot listen on {}: {problem}; try PYFLIX_LISTEN={other}",
            config.listen
        )
    })
}

/// The address to open in a browser on this machine.
///
/// # Errors
/// When the listener has none.
pub fn address(listener: &TcpListener) -> io::Result<String> {
    let address = listener.local_addr()?;
    if address.ip().is_unspecified() {
        return Ok(format!("http://localhost:{}", address.port()));
    }
    Ok(format!("http://{address}"))
}

/// Serves what the repository publishes until told to stop.
///
/// # Errors
/// When the server or the task that follows the store ends by itself.
pub async fn run(
    config: &Config,
    repository: &Repository,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let limits = Limits::default();
    let request_limits = RequestLimits::default();
    let app = App {
        current: Current::default(),
        public_url: PublicUrl(config.public_url.as_deref().map(Into::into)),
        events: Events::new(&limits, shutdown.clone()),
    };
    let prewarm = {
        let app = app.clone();
        move |before: Arc<ResponseCache>, site| {
            let current = Current::new(site);
            let next = routes::app(
                App {
                    current,
                    ..app.clone()
                },
                request_limits,
            );
            async move { response_cache::prewarm(&before, next).await }
        }
    };
    let keeper = tokio::spawn(site::keep(
        app.current.clone(),
        repository.clone(),
        config.sync_interval,
        Clock::system(),
        events::encode::version,
        prewarm,
        shutdown.clone(),
    ));
    let current = app.current.clone();
    let cached = response_cache::cached(current.clone());
    let app = routes::app(app, request_limits);
    // In one task, because the allocator keeps an arena for each thread that makes pages.
    let hot_pages = response_cache::warm_up(current, app.clone());
    let serve = http_front::serve(listener, cached, app, limits, shutdown.clone());
    let mut served = tokio::spawn(serve);
    tokio::select! {
        end = &mut served => return end?.context("the server stopped unexpectedly"),
        end = keeper => {
            if !shutdown.is_cancelled() {
                end.context("the database watcher crashed")?;
                bail!("the database watcher stopped unexpectedly");
            }
        }
        never = hot_pages => match never {},
    }
    served.await?.context("the server stopped unexpectedly")
}
