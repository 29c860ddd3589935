//! Logging to standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{Config, LogFormat};

/// Starts logging as configured, for the life of the process, with the configuration's warnings.
///
/// # Errors
/// When it was started before.
pub fn start(config: &Config) -> Result<(), TryInitError> {
    let filter = EnvFilter::new(&config.log);
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // They would be printed on standard error, whose reader may have gone.
        .log_internal_errors(false);
    let started = match config.log_format {
        LogFormat::Pretty => registry
            .with(
                lines
                    .with_target(false)
                    .with_ansi(std::io::stderr().is_terminal()),
            )
            .try_init(),
        LogFormat::Json => registry.with(lines.json()).try_init(),
    };
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    started
}
