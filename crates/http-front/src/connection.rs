use std::{
    convert::Infallible,
    future::poll_fn,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use axum::{body::Body, extract::Request, response::Response};
use futures::{
    future::{self, Either},
    stream::{FuturesUnordered, StreamExt as _},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONNECTION, DATE},
};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    runtime::Handle,
    sync::Notify,
    task::JoinError,
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tower::{Service, ServiceExt as _};

use crate::{
    Limits, ServerStats,
    activity::Activity,
    body::{RequestBody, ResponseBody, UntilClosed},
    date,
    lazy_timer::LazyTimer,
    timed_stream::TimedStream,
};

/// Room in hyper's buffer beyond [`Limits::max_header_bytes`]: that limit counts a header as
/// parsed, and on the wire it can be longer by its white space.
const WHITE_SPACE_BYTES: usize = 4 * 1024;
/// A client that sends malformed requests gets at most one log line in this time.
const REFUSAL_LOG_INTERVAL: Duration = Duration::from_secs(1);

/// The shared state of a server's connections.
pub(crate) struct ServerContext<C> {
    pub(crate) limits: Limits,
    pub(crate) stats: Arc<ServerStats>,
    pub(crate) shutdown: CancellationToken,
    cached: C,
    /// Where the app runs.
    app_runtime: Handle,
    full: Notify,
    refusal_logged: Mutex<Option<Instant>>,
}

/// The addresses of a connection, in the extensions of every request.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionInfo {
    /// The client's address.
    pub peer: SocketAddr,
    /// The server's address, as the client reached it.
    pub local: SocketAddr,
}

enum Signal {
    /// Idle connections are to close.
    MakeRoom,
    /// All connections are to close.
    Shutdown,
}

impl<C> ServerContext<C> {
    pub(crate) fn new(
        limits: Limits,
        cached: C,
        stats: Arc<ServerStats>,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            limits,
            stats,
            shutdown,
            cached,
            app_runtime: Handle::current(),
            full: Notify::new(),
            refusal_logged: Mutex::default(),
        }
    }

    /// Asks idle connections to close.
    pub(crate) fn make_room(&self) {
        self.full.notify_waiters();
    }

    async fn signal(&self) -> Signal {
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => Signal::Shutdown,
            () = self.full.notified() => Signal::MakeRoom,
        }
    }

    fn log_end(&self, peer: SocketAddr, end: Result<(), hyper::Error>) {
        let Err(error) = end else { return };
        if !error.is_parse() {
            tracing::debug!(%peer, %error, "connection closed early");
            return;
        }
        self.stats.refused.add(1);
        let mut logged = self
            .refusal_logged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if logged.is_none_or(|logged| logged.elapsed() >= REFUSAL_LOG_INTERVAL) {
            *logged = Some(Instant::now());
            tracing::warn!(%peer, %error, "refused a malformed request");
        }
    }
}

/// Serves one connection to its end, on the runtime that polls this.
pub(crate) async fn serve<C, S>(
    stream: std::net::TcpStream,
    peer: SocketAddr,
    app: S,
    context: Arc<ServerContext<C>>,
) where
    C: Fn(&Request) -> Option<Response> + Send + Sync + 'static,
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let stream = stream
        .set_nodelay(true)
        .and_then(|()| TcpStream::from_std(stream))
        .and_then(|stream| Ok((stream.local_addr()?, stream)));
    let (local, stream) = match stream {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%peer, %error, "connection closed before it was set up");
            return;
        }
    };
    let info = ConnectionInfo { peer, local };
    let activity = Arc::new(Activity::new());
    let limits = context.limits;
    let service = {
        let (context, activity) = (Arc::clone(&context), Arc::clone(&activity));
        service_fn(move |request| respond(&context, info, &app, &activity, request))
    };
    let connection = http1::Builder::new()
        // Activity tells an idle connection from a late header. hyper's timer cannot.
        .header_read_timeout(None)
        // A client may end its sending side and still wait for the response.
        .half_close(true)
        .max_buf_size(limits.max_header_bytes + WHITE_SPACE_BYTES)
        .max_headers(limits.max_headers)
        .serve_connection(
            TokioIo::new(TimedStream::new(
                stream,
                Arc::clone(&activity),
                limits.write_stall,
                Arc::clone(&context.stats),
            )),
            service,
        );
    let mut connection = pin!(connection);
    // Waiting for a signal takes locks that all connections share. Inside this set it is polled
    // when there is one, not with every request.
    let mut signals = FuturesUnordered::from_iter([context.signal()]);
    let mut timer = LazyTimer::default();
    let mut overdue = poll_fn(|cx| match activity.deadline(&limits) {
        Some(deadline) => timer.poll_until(cx, deadline),
        None => Poll::Pending,
    });
    loop {
        tokio::select! {
            biased;
            end = &mut connection => return context.log_end(peer, end),
            // After hyper, which has moved the deadline.
            () = &mut overdue => {
                context.stats.timed_out.add(1);
                tracing::debug!(%peer, "connection closed at the client's deadline");
                return;
            }
            signal = signals.select_next_some() => match signal {
                Signal::Shutdown => break,
                Signal::MakeRoom if activity.has_been_idle_for(limits.idle_when_full) => {
                    context.stats.shed.add(1);
                    break;
                }
                Signal::MakeRoom => signals.push(context.signal()),
            }
        }
    }
    activity.leave();
    connection.as_mut().graceful_shutdown();
    if let Ok(end) = timeout(limits.drain, connection).await {
        context.log_end(peer, end);
    }
}

/// Responds from the cache, on this thread, or from the app, on its runtime.
///
/// A request with a body is the last one of its connection: nothing here accepts bodies, so it is
/// not worth finding out where one ends.
fn respond<C, S>(
    context: &ServerContext<C>,
    info: ConnectionInfo,
    app: &S,
    activity: &Arc<Activity>,
    mut request: hyper::Request<Incoming>,
) -> impl Future<Output = Result<hyper::Response<ResponseBody>, JoinError>> + use<C, S>
where
    C: Fn(&Request) -> Option<Response>,
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let has_body = !request.body().is_end_stream();
    let activity = Arc::clone(activity);
    activity.begin_request(has_body);
    if header_bytes(&request) > context.limits.max_header_bytes {
        context.stats.refused.add(1);
        // As hyper responds to a header that exceeds the limit before it is complete.
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Either::Left(future::ready(Ok(finish(response, activity, true))));
    }
    let request = if has_body {
        let activity = Arc::clone(&activity);
        request.extensions_mut().insert(info);
        request.map(|body| Body::new(RequestBody { body, activity }))
    } else {
        let mut request = request.map(|_| Body::empty());
        request.extensions_mut().insert(info);
        if let Some(response) = (context.cached)(&request) {
            return Either::Left(future::ready(Ok(finish(response, activity, false))));
        }
        request
    };
    // Aborted with its connection.
    let response = context.app_runtime.spawn(app.clone().oneshot(request));
    let response = AbortOnDropHandle::new(response);
    Either::Right(async move {
        let Ok(response) = response.await?;
        Ok(finish(response, activity, has_body))
    })
}

fn finish(
    mut response: Response,
    activity: Arc<Activity>,
    is_last: bool,
) -> hyper::Response<ResponseBody> {
    if is_last {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    if let Some(date) = date::now() {
        response.headers_mut().insert(DATE, date);
    }
    if response.extensions().get::<UntilClosed>().is_some() {
        activity.set_until_closed();
    }
    response.map(|body| ResponseBody::new(body, activity))
}

/// Bytes of a request's header as it was parsed: without optional white space.
fn header_bytes<B>(request: &hyper::Request<B>) -> usize {
    // Two spaces, the version and a line break; then a colon, a space and a line break a field.
    let uri = request.uri();
    let target = uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len())
        + uri
            .authority()
            .map_or(0, |authority| authority.as_str().len());
    let line = request.method().as_str().len() + target + 12;
    let fields = request.headers().iter();
    let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + 4);
    line + fields.sum::<usize>() + 2
}
