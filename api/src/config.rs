use std::{net::SocketAddr, path::PathBuf};

use chrono::TimeDelta;
use domain::{idle::IdleRules, webhook::Destinations};
use ipnet::IpNet;
use url::Url;

use crate::auth::Provider;

/// How the edge is reached.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where people are served.
    pub listen: SocketAddr,
    /// Where health and metrics are served: no credentials are asked there.
    pub admin_listen: SocketAddr,
    /// How people reach us. Its origin is the only one whose pages may act here.
    pub public_url: Url,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Our own certificate, where no front proxy has one.
    pub tls: Option<TlsFiles>,
    /// Where desktops stand.
    pub places: Places,
    /// Whether local accounts may sign in.
    pub local_accounts: bool,
    /// From where local administrators may sign in; from anywhere where nothing is said.
    pub local_admins_from: Vec<IpNet>,
    /// The identity providers, the first one first.
    pub providers: Vec<Provider>,
    /// How the school's own list of people is read, if at all.
    pub roster: Option<roster::idm::Config>,
    /// How long what a provider said of somebody counts while their session is in use.
    pub ask_again_after: TimeDelta,
    /// Where messages to webhooks may be sent.
    pub webhooks: Destinations,
    /// The installation's limits, for what is shown of a desktop.
    pub idle: IdleRules,
    /// How the engine's node is called in the database.
    pub node: String,
}

/// Where desktops stand whose pages come out of their containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Places {
    /// Below a path of the app's own host.
    Paths,
    /// Each on a host of its own, where it shares no cookies with the app.
    Hosts {
        /// What follows the first part of their names: `desktops.school.example`, in lower case, neither the app's
        /// host nor below or above it.
        suffix: String,
    },
}

/// A certificate and its key.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// Certificate chain, PEM.
    pub cert: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

impl Config {
    /// Whether people reach us over TLS, by ourselves or by a front proxy.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}
