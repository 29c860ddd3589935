//! The addresses that posters may be fetched from. A URL comes from the source, so without these
//! checks it could make the syncer request anything in its network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use common::config::PosterHost;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Why a URL is not requested.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RefusedUrl {
    #[error("its URL is not a complete http or https URL without a password")]
    Malformed,
    #[error("{0} is not in PYFLIX_POSTER_HOSTS")]
    UnknownHost(String),
    #[error("its URL is not an https URL")]
    NotHttps,
}

/// Checks a URL against the configured hosts. The addresses of a name are checked when it is resolved.
pub(super) fn check(hosts: &[PosterHost], url: &Url) -> Result<(), RefusedUrl> {
    let has_login = !url.username().is_empty() || url.password().is_some();
    let is_http = matches!(url.scheme(), "http" | "https");
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
        return Err(RefusedUrl::Malformed);
    };
    if has_login || !is_http {
        return Err(RefusedUrl::Malformed);
    }
    let is_listed = |listed: &PosterHost| match (listed, &host) {
        (
            PosterHost::Name {
                name,
                port: of_name,
            },
            Host::Domain(domain),
        ) => name == domain && (*of_name == port || url.scheme() == "http"),
        (PosterHost::Address(address), Host::Ipv4(ip)) => *address == SocketAddr::from((*ip, port)),
        (PosterHost::Address(address), Host::Ipv6(ip)) => *address == SocketAddr::from((*ip, port)),
        _ => false,
    };
    match hosts.iter().find(|listed| is_listed(listed)) {
        None => Err(RefusedUrl::UnknownHost(host_and_port(url))),
        Some(PosterHost::Name { .. }) if url.scheme() != "https" => Err(RefusedUrl::NotHttps),
        Some(_) => Ok(()),
    }
}

/// The host of a URL, with its port unless that is the default.
fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Resolves names to their public addresses only: a connection goes to an address that was checked.
pub(super) struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let mut public: Vec<_> = found.collect();
            public.retain(|address| is_public(address.ip()));
            if public.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match a {
        0 | 10 | 127 | 224.. => true,
        100 => b & 0xc0 == 64, // carrier-grade NAT
        169 => b == 254,
        172 => b & 0xf0 == 16,
        192 => b == 168 || (b == 0 && matches!(c, 0 | 2)) || (b == 88 && c == 99),
        198 => b & 0xfe == 18 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let bits = (u32::from(high) << 16) | u32::from(low);
        is_public_v4(Ipv4Addr::from_bits(bits))
    };
    match (a, b) {
        (0, 0) if [c, d, e, f] == [0, 0, 0, 0xffff] => embedded(g, h),
        (0x64, 0xff9b) if [c, d, e, f] == [0; 4] => embedded(g, h), // NAT64
        (0x2002, _) => embedded(b, c),                              // 6to4
        // Teredo and other protocols, documentation.
        (0x2001, 0..=0x01ff | 0x0db8) => false,
        (0x3fff, 0..=0x0fff) => false,
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_hosts_are_requested_and_names_only_over_https() {
        let name = |name: &str, port| PosterHost::Name {
            name: name.to_owned(),
            port,
        };
        let hosts = [
            name("a.example", 443),
            name("b.example", 8443),
            PosterHost::Address("127.0.0.1:4711".parse().unwrap()),
            PosterHost::Address("[::1]:4711".parse().unwrap()),
        ];
        let unknown = |host: &str| Err(RefusedUrl::UnknownHost(host.to_owned()));
        for (url, expected) in [
            ("https://a.example/x.jpg", Ok(())),
            ("https://A.EXAMPLE:443/x.jpg", Ok(())),
            ("https://b.example:8443/x.jpg", Ok(())),
            ("http://127.0.0.1:4711/x.jpg", Ok(())),
            ("http://0x7f.1:4711/x.jpg", Ok(())),
            ("http://[::1]:4711/x.jpg", Ok(())),
            ("http://a.example/x.jpg", Err(RefusedUrl::NotHttps)),
            ("https://a.example:8443/x.jpg", unknown("a.example:8443")),
            ("https://sub.a.example/", unknown("sub.a.example")),
            ("https://a.example./", unknown("a.example.")),
            (
                "https://a.example.evil.example/",
                unknown("a.example.evil.example"),
            ),
            (
                "https://a.example@evil.example/",
                Err(RefusedUrl::Malformed),
            ),
            ("https://u:p@a.example/", Err(RefusedUrl::Malformed)),
            ("http://127.0.0.1/", unknown("127.0.0.1")),
            ("http://127.0.0.1:4712/", unknown("127.0.0.1:4712")),
            (
                "http://[::ffff:127.0.0.1]:4711/",
                unknown("[::ffff:7f00:1]:4711"),
            ),
            ("http://169.254.169.254/latest/", unknown("169.254.169.254")),
            ("http://localhost:4711/", unknown("localhost:4711")),
            ("file:///etc/passwd", Err(RefusedUrl::Malformed)),
            ("data:image/png;base64,", Err(RefusedUrl::Malformed)),
        ] {
            assert_eq!(check(&hosts, &Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn only_addresses_of_the_public_internet_are_connected_to() {
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "2001:4860:4860::8888",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_has_no_public_address() {
        let name = "localhost".parse().unwrap();
        let resolved = PublicResolver.resolve(name).await;
        let error = resolved.map(drop).unwrap_err().to_string();
        assert_eq!(error, "localhost has no public address");
    }
}
