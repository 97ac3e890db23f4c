use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use salvo::Request;

/// The address of the person who asks.
///
/// `X-Forwarded-For` is read from its end, and only as long as whoever wrote the entry is trusted: each proxy appends
/// the peer it saw, and everything before the first untrusted hop is hearsay.
pub(crate) fn client_address(req: &Request, trusted: &[IpNet]) -> IpAddr {
    let peer = req.remote_addr().ip().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let hops: Vec<_> = req
        .headers()
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|hop| hop.trim().parse().ok())
        .collect();
    walk(peer, &hops, trusted)
}

fn walk(peer: IpAddr, hops: &[Option<IpAddr>], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(&address.to_canonical()));
    let mut client = peer.to_canonical();
    for hop in hops.iter().rev() {
        match hop {
            Some(hop) if is_trusted(&client) => client = hop.to_canonical(),
            _ => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::walk;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        let hops = [Some(ip("1.1.1.1")), Some(ip("2.2.2.2")), Some(ip("10.0.0.7"))];
        assert_eq!(walk(ip("10.0.0.1"), &hops, &trusted), ip("2.2.2.2"));
        assert_eq!(walk(ip("9.9.9.9"), &hops, &trusted), ip("9.9.9.9"));
        assert_eq!(walk(ip("10.0.0.1"), &[Some(ip("1.1.1.1")), None], &trusted), ip("10.0.0.1"));
        assert_eq!(walk(ip("::ffff:10.0.0.1"), &hops[..1], &trusted), ip("1.1.1.1"));
    }
}
