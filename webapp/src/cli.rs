//! The commands of the `webapp` binary, their messages and exit codes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use common::clock::Clock;
use common::config::Config;
use common::metrics::Metrics;
use common::repository::{Access, Repository};
use common::{exit, shutdown, telemetry};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::run;

const HEALTHCHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// Serve the catalogue as a website and APIs.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the web app on this machine; exits with 0 if it is healthy, 1 if not.
    Healthcheck,
}

/// Runs the command of the command line.
pub async fn main(cli: Cli) -> ExitCode {
    let config = match Config::load() {
        Ok(config) => config,
        Err(error) => return fail(exit::CONFIGURATION, &error),
    };
    if let Some(Command::Healthcheck) = cli.command {
        let outcome = tokio::time::timeout(HEALTHCHECK_TIMEOUT, healthcheck(config.listen)).await;
        return match outcome {
            Ok(Ok(())) => ExitCode::SUCCESS,
            Ok(Err(error)) => fail(exit::FAILURE, &format!("{error:#}")),
            Err(_) => fail(exit::FAILURE, &"the web app did not respond in time"),
        };
    }
    if let Err(error) = telemetry::start(&config) {
        return fail(exit::FAILURE, &error);
    }
    let metrics = Metrics::new("webapp", &config);
    let repository = Repository::open(&config.database, Access::Reader, Clock::system()).await;
    let repository = match repository {
        Ok(repository) => repository.with_metrics(&metrics),
        Err(error) => return fail(exit::CONFIGURATION, &error),
    };
    let listeners = match run::listen(&config).await {
        Ok(listeners) => listeners,
        Err(error) => return fail(exit::CONFIGURATION, &error),
    };
    let served = serve(&config, &repository, listeners, metrics).await;
    repository.close().await;
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(exit::FAILURE, &format!("{error:#}")),
    }
}

async fn serve(
    config: &Config,
    repository: &Repository,
    listeners: run::Listeners,
    metrics: Metrics,
) -> anyhow::Result<()> {
    let shutdown = shutdown::on_signal().context("cannot install signal handlers")?;
    tracing::info!("listening on {}", run::address(&listeners.site)?);
    run::run(config, repository, listeners, metrics, shutdown).await
}

async fn healthcheck(listen: SocketAddr) -> anyhow::Result<()> {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listen.port());
    let mut stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("nothing is listening on {address}"))?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    if !response.starts_with("HTTP/1.1 200 ") {
        bail!(
            "the web app is unhealthy: {}",
            response.lines().next().unwrap_or_default()
        );
    }
    Ok(())
}

fn fail(code: u8, error: &dyn std::fmt::Display) -> ExitCode {
    exit::fail("webapp", code, error)
}
