//! The server's end of a connection on this machine, as the kernel sees it.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::fd::OwnedFd,
};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, netlink, recv, send, socket};
use tokio::net::TcpStream;

/// Where fields stand in a message of `sock_diag(7)`: `nlmsghdr`, then `inet_diag_msg`.
const STATE: usize = 17;
const RECEIVE_QUEUE: usize = 72;
const REPLY_TYPE: usize = 4;

/// Of `nlmsghdr` and `inet_diag_req_v2` together.
const REQUEST_LENGTH: u32 = 16 + 56;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const AF_INET: u8 = 2;
const IPPROTO_TCP: u8 = 6;
const TCP_ESTABLISHED: u8 = 1;

/// Asks how many bytes a server has not read yet, by `sock_diag(7)`.
#[derive(Debug)]
pub(super) struct PeerSocket {
    /// None where the kernel does not offer it.
    kernel: Option<OwnedFd>,
    request: Vec<u8>,
}

impl PeerSocket {
    pub(super) fn of(stream: &TcpStream) -> io::Result<Self> {
        let (client, server) = (stream.local_addr()?, stream.peer_addr()?);
        let kernel = socket(
            AddressFamily::NETLINK,
            SocketType::RAW,
            Some(netlink::SOCK_DIAG),
        );
        Ok(Self {
            kernel: kernel.ok(),
            request: request(server, client),
        })
    }

    /// Whether the server has unread bytes; false if that is unknown, or
    /// where it has closed its side.
    pub(super) fn has_unread_bytes(&self) -> bool {
        self.unread_bytes().is_some_and(|unread| unread > 0)
    }

    fn unread_bytes(&self) -> Option<u32> {
        let kernel = self.kernel.as_ref()?;
        send(kernel, &self.request, SendFlags::empty()).ok()?;
        let mut reply = [0; 512];
        let (length, _) = recv(kernel, reply.as_mut_slice(), RecvFlags::empty()).ok()?;
        let reply = reply.get(..length)?;
        let field = |at: usize| reply.get(at..at + 4)?.try_into().ok();
        let is_of_socket =
            reply.get(REPLY_TYPE..REPLY_TYPE + 2)? == SOCK_DIAG_BY_FAMILY.to_ne_bytes();
        let is_open = *reply.get(STATE)? == TCP_ESTABLISHED;
        if !is_of_socket || !is_open {
            return None;
        }
        field(RECEIVE_QUEUE).map(u32::from_ne_bytes)
    }
}

/// An `inet_diag_req_v2` for the one socket with these addresses.
fn request(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let mut body = vec![AF_INET, IPPROTO_TCP, 0, 0];
    body.extend(u32::MAX.to_ne_bytes());
    for port in [local.port(), remote.port()] {
        body.extend(port.to_be_bytes());
    }
    for address in [local.ip(), remote.ip()] {
        let octets = match address {
            IpAddr::V4(address) => address.octets(),
            IpAddr::V6(_) => [0; 4],
        };
        body.extend(octets);
        body.extend([0; 12]);
    }
    // Any interface, any cookie.
    body.extend(0_u32.to_ne_bytes());
    body.extend([0xff; 8]);

    let mut message = Vec::new();
    message.extend(REQUEST_LENGTH.to_ne_bytes());
    message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    message.extend(1_u32.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    message.extend(body);
    message
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn bytes_that_the_server_has_not_read_are_counted() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let peer = PeerSocket::of(&client).unwrap();
        assert_eq!(peer.unread_bytes(), Some(0));
        client.write_all(b"abc").await.unwrap();
        assert_eq!(peer.unread_bytes(), Some(3));
        server.read_exact(&mut [0; 2]).await.unwrap();
        assert_eq!(peer.unread_bytes(), Some(1));
        drop(server);
        assert!(!peer.has_unread_bytes());
    }
}
