//! Sockets that accept connections on a configured address.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// A configured address that cannot be listened on; the message says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: cannot listen on {address}: {problem}; try {variable}={suggestion}")]
pub struct ListenError {
    variable: &'static str,
    address: SocketAddr,
    problem: String,
    suggestion: SocketAddr,
}

/// Listens on the address that a variable sets.
///
/// # Errors
/// If it cannot.
pub async fn bind(variable: &'static str, address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| ListenError {
            variable,
            address,
            problem: match error.kind() {
                io::ErrorKind::AddrInUse => "the address is already in use".to_owned(),
                _ => error.to_string(),
            },
            suggestion: SocketAddr::new(address.ip(), address.port().wrapping_add(1)),
        })
}
