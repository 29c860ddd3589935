//! What every request passes on its way in, and every answer on its way out.

mod finish;
mod guard;
mod headers;
mod host;
mod observe;
mod path;
mod validate;

use std::convert::Infallible;

use axum::{
    Router,
    extract::Request,
    middleware::{from_fn, from_fn_with_state, map_request},
    response::Response,
};
use tower::{Service, ServiceBuilder};

pub use self::validate::RequestLimits;
pub(crate) use self::{
    host::request_host,
    observe::{RequestId, X_REQUEST_ID},
    path::{API_DOCS, Asked, is_for_programs},
};

/// Puts `routes` behind the layers, outermost first.
pub(crate) fn around(
    routes: Router,
    limits: RequestLimits,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    ServiceBuilder::new()
        .layer(from_fn(observe::observe))
        .layer(from_fn(headers::add))
        .layer(from_fn(finish::finish))
        .layer(from_fn_with_state(limits, validate::validate))
        .layer(from_fn_with_state(limits, guard::guard))
        .layer(map_request(path::as_routed))
        .service(routes)
}

#[cfg(test)]
mod tests;
