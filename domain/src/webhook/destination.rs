use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

/// Where messages may be sent.
///
/// Whoever makes an endpoint names an address, and Pult, which stands inside the school's network, opens it for them. So
/// only what is on the Internet is opened, over TLS, except for networks that whoever runs the machine has named. A name
/// says nothing about where it leads: the rule is asked again for each address that is connected to.
#[derive(Debug, Clone, Default)]
pub struct Destinations {
    /// Networks that may be reached although they are not on the Internet, and without TLS.
    pub private: Vec<IpNet>,
}

/// Why nothing is sent to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct Unfit(pub &'static str);

/// The longest address, in characters.
const LONGEST: usize = 2000;

const EXPECTED: Unfit = Unfit("https://, a host and perhaps a port, a path and a query, of at most 2000 characters");
const PLAIN: Unfit = Unfit("https://; http:// is for networks that webhooks.allow_private names");
const CREDENTIALS: Unfit = Unfit("an address without a user, a password or a #fragment");
const PRIVATE: Unfit = Unfit("a host on the Internet, or in a network that webhooks.allow_private names");

impl Destinations {
    /// An address as it is called when messages are sent there. Where its host is a name, [`Destinations::permits`] has
    /// the last word.
    pub fn target(&self, text: &str) -> Result<Url, Unfit> {
        let url = Url::parse(text).map_err(|_| EXPECTED)?;
        let is_secure = match url.scheme() {
            "https" => true,
            "http" if !self.private.is_empty() => false,
            "http" => return Err(PLAIN),
            _ => return Err(EXPECTED),
        };
        if url.as_str().chars().count() > LONGEST || url.port() == Some(0) {
            return Err(EXPECTED);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(CREDENTIALS);
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(name)) => own_name(name),
            None => return Err(EXPECTED),
        };
        match address {
            Some(address) if !self.permits(address, is_secure) => Err(PRIVATE),
            _ => Ok(url),
        }
    }

    /// Whether messages may be sent to an address, over TLS or without.
    pub fn permits(&self, address: IpAddr, is_secure: bool) -> bool {
        let address = address.to_canonical();
        self.private.iter().any(|network| network.contains(&address)) || (is_secure && is_on_the_internet(address))
    }
}

/// What a name of this very machine means (RFC 6761 section 6.3).
fn own_name(name: &str) -> Option<IpAddr> {
    let name = name.strip_suffix('.').unwrap_or(name);
    (name == "localhost" || name.ends_with(".localhost")).then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// What is not on the Internet, or means more than one machine (the registries of RFC 6890).
const NOT_THERE: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// All that is given out of IPv6, and what of it is not on the Internet or leads to somewhere else: protocols' own
/// addresses with Teredo among them, documentation, and 6to4.
const GIVEN_OUT: Ipv6Net = v6([0x2000, 0], 3);
const NOT_GIVEN_OUT: [Ipv6Net; 4] =
    [v6([0x2001, 0], 23), v6([0x2001, 0xdb8], 32), v6([0x2002, 0], 16), v6([0x3fff, 0], 20)];
/// IPv4 as a network without it sees it (RFC 6052 section 2.1).
const TRANSLATED: Ipv6Net = v6([0x64, 0xff9b], 96);

const fn v4([a, b, c, d]: [u8; 4], bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6([a, b]: [u16; 2], bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), bits)
}

/// Whether an address is one machine's on the Internet.
fn is_on_the_internet(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_THERE.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) if TRANSLATED.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            is_on_the_internet(Ipv4Addr::new(a, b, c, d).into())
        }
        IpAddr::V6(address) => {
            GIVEN_OUT.contains(&address) && !NOT_GIVEN_OUT.iter().any(|network| network.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests;
