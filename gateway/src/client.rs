use std::net::IpAddr;

use domain::UserId;
use http::uri::Scheme;
use tokio_util::sync::CancellationToken;

/// What the caller knows of the one who asks.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// The user's own address, already taken from behind the proxies that are trusted.
    pub address: IpAddr,
    /// Where the desktop stands on our origin, without a slash at the end: `/desktop/{name}`.
    pub prefix: String,
    /// Scheme of our origin as the user sees it.
    pub scheme: Scheme,
    /// Host, and port where it is not the scheme's own, of our origin as the user sees it.
    pub host: String,
    /// Who asks.
    pub user: UserId,
    /// Cancelled when the right to this desktop ends: sign-out, a role or a grant taken away. Ends the stream.
    pub ended: CancellationToken,
}
