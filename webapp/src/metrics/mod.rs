//! Metrics of the web app: requests and their responses, connections, and the served catalogue.

mod delay;
mod listeners;
mod requests;
mod site;

pub(crate) use self::delay::watch_delay;
pub(crate) use self::listeners::register_listeners;
pub(crate) use self::requests::{RequestMetrics, RouteTag, measured, note_route};
pub(crate) use self::site::register_site;
