//! Running the web app: a listener, the catalogue follower, and the server.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use common::clock::Clock;
use common::config::Config;
use common::listen;
use common::metrics::{self, Metrics};
use common::repository::Repository;
use futures::future::try_join_all;
use http_content::ResponseCache;
use http_front::{Limits, ServerStats};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::app_state::AppState;
use crate::events::{self, Events};
use crate::http::{self, PublicUrl};
use crate::images::Images;
use crate::metrics::{RequestMetrics, measured, register_listeners, register_site, watch_delay};
use crate::middleware::RequestLimits;
use crate::state::{self, CurrentSite, FollowerSettings};
use crate::{pages, response_cache, routes};

/// How long connections wait at startup for the first read of the database. After that they are
/// accepted and get 503. So a short restart causes a pause instead of an error.
const FIRST_READ_WAIT: Duration = Duration::from_secs(3);

/// The sockets that the web app accepts connections on.
#[derive(Debug)]
pub struct Listeners {
    /// `PYFLIX_LISTEN`.
    pub site: TcpListener,
    /// `PYFLIX_GHIBLI_LISTEN`.
    pub ghibli: Option<TcpListener>,
    /// `PYFLIX_METRICS_LISTEN`.
    pub metrics: Option<TcpListener>,
}

/// Listens on the configured addresses.
///
/// # Errors
/// If it cannot; the message says what to do.
pub async fn listen(config: &Config) -> anyhow::Result<Listeners> {
    check_public_url(config)?;
    Ok(Listeners {
        site: listen::bind("PYFLIX_LISTEN", config.listen).await?,
        ghibli: match config.ghibli_listen {
            Some(address) => Some(listen::bind("PYFLIX_GHIBLI_LISTEN", address).await?),
            None => None,
        },
        metrics: metrics::listen(config).await?,
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
    metrics: Metrics,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let limits = limits(&listeners);
    let clock = Clock::system();
    let state = AppState {
        current: CurrentSite::default(),
        public_url: PublicUrl {
            configured: config.public_url.as_deref().map(Into::into),
            trusted_proxies: config.trusted_proxies.clone().into(),
            is_ghibli: false,
        },
        events: Events::new(&limits, shutdown.clone()),
        images: Images::new(repository.clone(), &config.posters),
        requests: RequestMetrics::default(),
    };
    let current = state.current.clone();
    state.requests.register(&metrics);
    state.images.register(&metrics);
    register_site(
        &metrics,
        current.clone(),
        state.events.clone(),
        clock.clone(),
    );
    let delay = watch_delay(&metrics, current.clone(), clock.clone());
    let _delay = AbortOnDropHandle::new(tokio::spawn(delay));
    let follower = start_follower(config, repository, &state, clock, &shutdown);
    tokio::select! {
        () = current.loaded() => {}
        () = sleep(FIRST_READ_WAIT) => {}
        () = shutdown.cancelled() => {}
    }
    let app = routes::app(state.clone(), RequestLimits::default());
    // Not spawned, because the allocator keeps an arena for each thread that renders pages.
    let hot_pages = response_cache::warm_up(current, app, pages::paths_to_warm);
    let mut served = start_servers(listeners, state, limits, metrics, &shutdown)?;
    tokio::select! {
        end = &mut served => return end?.context("the server stopped unexpectedly"),
        end = follower => {
            if !shutdown.is_cancelled() {
                end.context("the catalogue follower crashed")?;
                bail!("the catalogue follower stopped unexpectedly");
            }
        }
        never = hot_pages => match never {},
    }
    served.await?.context("the server stopped unexpectedly")
}

/// Starts the task that keeps the site at the newest version.
fn start_follower(
    config: &Config,
    repository: &Repository,
    state: &AppState,
    clock: Clock,
    shutdown: &CancellationToken,
) -> JoinHandle<()> {
    let current = state.current.clone();
    let state = state.clone();
    let prewarm = move |outdated: Arc<ResponseCache>, site| {
        let app = routes::app(state.clone().with_site(site), RequestLimits::default());
        async move { response_cache::prewarm(&outdated, app).await }
    };
    tokio::spawn(state::follow(
        current,
        repository.clone(),
        FollowerSettings {
            interval: config.sync_interval,
            shows_posters: config.posters.is_enabled,
        },
        clock,
        events::encode::version,
        prewarm,
        shutdown.clone(),
    ))
}

/// Starts to serve on all listeners. The task ends with the first error, or after `shutdown`.
fn start_servers(
    listeners: Listeners,
    state: AppState,
    limits: Limits,
    metrics: Metrics,
    shutdown: &CancellationToken,
) -> anyhow::Result<JoinHandle<io::Result<()>>> {
    let mut servers = vec![("site", listeners.site, state.clone())];
    if let Some(listener) = listeners.ghibli {
        tracing::info!("the drop-in API is at {}", address(&listener)?);
        servers.push(("ghibli", listener, ghibli_state(state)));
    }
    let servers = servers.into_iter().map(|(name, listener, state)| {
        let stats = Arc::<ServerStats>::default();
        let served = serve(
            listener,
            state,
            limits,
            Arc::clone(&stats),
            shutdown.clone(),
        );
        ((name, stats), served)
    });
    let (stats, servers): (Vec<_>, Vec<_>) = servers.unzip();
    register_listeners(&metrics, stats, limits.connections());
    let metrics = metrics::serve(listeners.metrics, metrics, shutdown.clone());
    let serve = async { tokio::try_join!(try_join_all(servers), metrics).map(drop) };
    Ok(tokio::spawn(serve))
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

/// The state of the listener with the drop-in API at its root.
fn ghibli_state(state: AppState) -> AppState {
    AppState {
        public_url: PublicUrl {
            // The configured address is that of the site.
            configured: None,
            is_ghibli: true,
            ..state.public_url
        },
        ..state
    }
}

/// Serves an app on a listener until `shutdown`.
async fn serve(
    listener: TcpListener,
    state: AppState,
    limits: Limits,
    stats: Arc<ServerStats>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let requests = state.requests.clone();
    let cached = response_cache::cached(
        state.current.clone(),
        state.public_url.clone(),
        requests.clone(),
    );
    let app = measured(routes::app(state, RequestLimits::default()), requests);
    http_front::serve(listener, cached, app, limits, stats, shutdown).await
}
