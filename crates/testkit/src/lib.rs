#![doc = include_str!("../README.md")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test kit fails the test that uses it by panicking"
)]

pub mod browser;
mod child_process;
mod eventually;
pub mod fuzz_corpus;
pub mod http;
mod http_server;
pub mod mongo;
pub mod picture_host;
pub mod pictures;
pub mod process;
pub mod proxy;
pub mod raw_http;
pub mod recordings;
pub mod reverse_proxy;
pub mod skips;
pub mod source;
pub mod webhook_receiver;

pub use eventually::{Attempt, eventually};

use std::path::{Path, PathBuf};

/// The folder of the workspace's `Cargo.toml`.
pub fn workspace_root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = crates.and_then(Path::parent);
    root.expect("the kit lives in crates/testkit").to_path_buf()
}

/// A free port below those that the system gives to outgoing connections, so that none of these
/// takes it between this look and the start of the program that gets it, or while it is down.
pub fn free_port() -> u16 {
    loop {
        let [high, low, ..] = *uuid::Uuid::new_v4().as_bytes();
        let port = 16_384 + u16::from_be_bytes([high, low]) % 16_384;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The first of `names` that is a file in a folder of the `PATH`.
pub fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|candidate| candidate.is_file())
}
