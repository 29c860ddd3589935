//! A TCP proxy that simulates a slow, silent or resetting network.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// Forwards a port on 127.0.0.1 to another until it is dropped.
pub struct Proxy {
    port: u16,
    rule: watch::Sender<Rule>,
    task: JoinHandle<()>,
}

/// The behaviour of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Forwards everything.
    Open,
    /// Accepts connections and bytes, and holds them until it is open again.
    Silent,
    /// Resets every connection, old or new.
    Resetting,
    /// Delays every chunk.
    Slow(Duration),
}

#[derive(Clone, Copy)]
struct Rule {
    network: Network,
    /// Connections with lower numbers stay silent.
    forgotten: u64,
    next: u64,
}

impl Proxy {
    /// Starts one in front of a port on 127.0.0.1.
    pub async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let rule = watch::Sender::new(Rule {
            network: Network::Open,
            forgotten: 0,
            next: 0,
        });
        Self {
            port: address.port(),
            task: tokio::spawn(serve(listener, ([127, 0, 0, 1], to).into(), rule.clone())),
            rule,
        }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the behaviour of the network.
    pub fn set(&self, network: Network) {
        self.rule.send_modify(|rule| rule.network = network);
    }

    /// Opens the network to new connections and silences the existing ones for good, without
    /// closing them, as a firewall does that has lost its state.
    pub fn forget(&self) {
        self.rule.send_modify(|rule| {
            rule.network = Network::Open;
            rule.forgotten = rule.next;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, to: SocketAddr, rule: watch::Sender<Rule>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                let mut number = 0;
                rule.send_modify(|rule| {
                    number = rule.next;
                    rule.next += 1;
                });
                connections.spawn(carry(number, stream, to, rule.subscribe()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries one connection until either end closes it or the network resets it.
async fn carry(number: u64, mut client: TcpStream, to: SocketAddr, rule: watch::Receiver<Rule>) {
    let Ok(mut server) = TcpStream::connect(to).await else {
        return reset(&client);
    };
    let mut supervised = rule.clone();
    let cut = supervised.wait_for(|rule| rule.network == Network::Resetting);
    let is_cut = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::select! {
            _ = cut => true,
            _ = pump(number, from_client, to_server, rule.clone()) => false,
            _ = pump(number, from_server, to_client, rule.clone()) => false,
        }
    };
    if is_cut {
        reset(&client);
        reset(&server);
    }
}

async fn pump(
    number: u64,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut rule: watch::Receiver<Rule>,
) -> std::io::Result<()> {
    let mut chunk = vec![0; 64 << 10];
    loop {
        let length = from.read(&mut chunk).await?;
        let passes = |rule: &Rule| number >= rule.forgotten && rule.network != Network::Silent;
        let network = rule.wait_for(passes).await.map(|rule| rule.network);
        if let Ok(Network::Slow(delay)) = network {
            sleep(delay).await;
        }
        if length == 0 {
            return Ok(());
        }
        to.write_all(&chunk[..length]).await?;
    }
}

/// Makes the stream send a reset when it is dropped.
fn reset(stream: &TcpStream) {
    // It fails for one that is closed already.
    let _ = stream.set_zero_linger();
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// An echo server behind a proxy.
    async fn echo() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        Proxy::start(port).await
    }

    async fn connect(proxy: &Proxy) -> TcpStream {
        TcpStream::connect(("127.0.0.1", proxy.port()))
            .await
            .unwrap()
    }

    async fn exchange_byte(stream: &mut TcpStream) -> std::io::Result<u8> {
        stream.write_all(b"x").await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn a_silent_network_delivers_once_it_is_open_again() {
        let proxy = echo().await;
        let mut stream = connect(&proxy).await;
        exchange_byte(&mut stream).await.unwrap();
        proxy.set(Network::Silent);
        let short = Duration::from_millis(50);
        assert!(
            tokio::time::timeout(short, exchange_byte(&mut stream))
                .await
                .is_err()
        );
        proxy.set(Network::Open);
        let response = tokio::time::timeout(SOON, stream.read_u8()).await;
        assert_eq!(response.unwrap().unwrap(), b'x');
    }

    #[tokio::test]
    async fn a_resetting_network_fails_old_and_new_connections() {
        let proxy = echo().await;
        let mut old = connect(&proxy).await;
        exchange_byte(&mut old).await.unwrap();
        proxy.set(Network::Resetting);
        assert!(
            tokio::time::timeout(SOON, old.read_u8())
                .await
                .unwrap()
                .is_err()
        );
        let mut new = connect(&proxy).await;
        assert!(
            tokio::time::timeout(SOON, exchange_byte(&mut new))
                .await
                .unwrap()
                .is_err()
        );
    }

    #[tokio::test]
    async fn forgotten_connections_stay_silent_and_new_ones_pass_as_slowly_as_told() {
        let proxy = echo().await;
        let mut old = connect(&proxy).await;
        exchange_byte(&mut old).await.unwrap();
        proxy.forget();
        let delay = Duration::from_millis(20);
        proxy.set(Network::Slow(delay));
        let started = std::time::Instant::now();
        exchange_byte(&mut connect(&proxy).await).await.unwrap();
        assert!(started.elapsed() >= 2 * delay);
        assert!(
            tokio::time::timeout(2 * delay, exchange_byte(&mut old))
                .await
                .is_err()
        );
    }
}
