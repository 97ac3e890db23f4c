use std::net::IpAddr;

use domain::UserId;
use http::uri::Scheme;
use tokio_util::sync::CancellationToken;

/// What the caller knows of the one who asks.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// The user's own address, already taken from behind the proxies that are trusted.
    pub address: IpAddr,
    /// Where the desktop stands.
    pub place: Place,
    /// Scheme of the origin it stands on, as the user sees it.
    pub scheme: Scheme,
    /// Host, and port where it is not the scheme's own, of that origin as the user sees it.
    pub host: String,
    /// Who asks.
    pub user: UserId,
    /// Cancelled when the right to this desktop ends: sign-out, a role or a grant taken away. Ends the stream.
    pub ended: CancellationToken,
}

/// Where a desktop stands as the user sees it: what it may say, and be told, depends on who else stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Below a path of our own origin. What it serves is sandboxed, and it neither sets nor sees a cookie.
    Path {
        /// Without a slash at the end: `/desktop/{name}`.
        prefix: String,
    },
    /// On a host that is its own and nobody else's. It has that origin to itself, cookies included.
    Host,
}

impl Place {
    /// What stands before every path of the desktop.
    pub(crate) fn prefix(&self) -> &str {
        match self {
            Self::Path { prefix } => prefix,
            Self::Host => "",
        }
    }

    pub(crate) fn is_own_host(&self) -> bool {
        *self == Self::Host
    }
}
