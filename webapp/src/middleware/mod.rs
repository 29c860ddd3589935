//! The layers around every route.

mod access_log;
mod catch_panic;
mod error_response;
mod headers;
mod render;
#[cfg(test)]
mod tests;
mod validate;

use std::convert::Infallible;

use axum::{
    extract::Request,
    middleware::{from_fn, from_fn_with_state, map_request},
    response::Response,
};
use tower::{Service, ServiceBuilder};

pub(crate) use self::validate::RequestLimits;
use crate::http::path;

/// Puts `routes` behind the layers, outermost first.
pub(crate) fn around<S>(
    routes: S,
    limits: RequestLimits,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    ServiceBuilder::new()
        .layer(from_fn(access_log::access_log))
        .layer(from_fn(headers::add))
        .layer(from_fn(render::render))
        .layer(from_fn_with_state(limits, validate::validate))
        .layer(from_fn_with_state(limits, catch_panic::catch_panic))
        .layer(map_request(path::normalize))
        .service(routes)
}
