use std::sync::Arc;

use files::Clients;
use gateway::{Activity, Gateway};
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    Config,
    auth::{Attempts, Oidc, Presence},
    desktop::Looks,
    echo::Echoes,
    fronts::Fronts,
    live::Feed,
    pace::Pace,
};

/// What the edge is made of.
pub struct Parts {
    /// Everything that is remembered.
    pub store: Store,
    /// Where desktops answer.
    pub routes: routing::Reader,
    /// The way into them.
    pub gateway: Gateway,
    /// What was seen of their use.
    pub activity: Activity,
    /// What shows desktops, taken from their images.
    pub clients: Clients,
    /// How the edge is reached.
    pub config: Config,
    /// What has to hold before this process is ready, each by a name.
    pub readiness: Vec<(&'static str, watch::Receiver<bool>)>,
}

/// The one state that handlers see. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) routes: routing::Reader,
    pub(crate) gateway: Gateway,
    pub(crate) clients: Clients,
    pub(crate) config: Config,
    pub(crate) feed: Feed,
    pub(crate) presence: Presence,
    pub(crate) attempts: Attempts,
    pub(crate) pace: Pace,
    pub(crate) oidc: Oidc,
    pub(crate) fronts: Fronts,
    pub(crate) echoes: Echoes,
    pub(crate) looks: Looks,
    pub(crate) readiness: Vec<(&'static str, watch::Receiver<bool>)>,
    pub(crate) shutdown: CancellationToken,
}

impl App {
    pub(crate) fn new(parts: Parts, shutdown: CancellationToken) -> Self {
        let Parts { store, routes, gateway, activity: _, clients, config, readiness } = parts;
        Self {
            inner: Arc::new(Inner {
                feed: Feed::default(),
                presence: Presence::default(),
                attempts: Attempts::default(),
                pace: Pace::default(),
                oidc: Oidc::new(config.providers.clone()),
                fronts: Fronts::default(),
                echoes: Echoes::default(),
                looks: Looks::default(),
                store,
                routes,
                gateway,
                clients,
                config,
                readiness,
                shutdown,
            }),
        }
    }
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}
