//! The command line of the `pyflix` binary.

use clap::Parser;

/// Self-hosted movie catalogue: mirrors the Ghibli API and serves it as a website and APIs.
///
/// Configure it with environment variables or pyflix.toml; the README lists all settings.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {}
