//! Everything that acts: what is wanted, and what the engine shows, are brought together here.
//!
//! Three loops feed one queue of desktops to look at: the engine's hints ([`observe`]), changed intents
//! ([`reconcile`]) and the clock. Whatever put a desktop there, the same happens to it: its row and its container are
//! read, `domain::converge` names the next step, the step is taken, until there is none. So a lost event, a doubled
//! event and a crash in the middle all end in the same place.
//!
//! What this room guarantees: an acknowledged wish is carried out or ends with a stored reason; a desktop has at most
//! one container; nothing that is not ours is touched. It never holds a transaction over a call to the engine.

mod client;
mod clock;
mod config;
mod observe;
mod pull;
mod reap;
mod reconcile;
mod schedule;
mod supervise;

use std::sync::Arc;

use domain::DesktopId;
use engine::Engine;
use files::{Clients, Spaces};
use store::Store;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use config::{Config, Reaper};

/// What a worker is made of.
pub struct Parts {
    /// Everything that is remembered.
    pub store: Store,
    /// Where containers run.
    pub engine: Arc<dyn Engine>,
    /// Folders that are mounted.
    pub spaces: Spaces,
    /// What shows desktops, taken from their images.
    pub clients: Clients,
    /// Limits and rules.
    pub config: Config,
    /// Desktops whose route the gateway doubts.
    pub suspects: mpsc::Receiver<DesktopId>,
    /// Raised once the first full picture of the engine is applied.
    pub caught_up: watch::Sender<bool>,
}

/// What all loops of a worker share.
struct Shared {
    store: Store,
    engine: Arc<dyn Engine>,
    spaces: Spaces,
    unpacker: client::Unpacker,
    config: Config,
    dirty: reconcile::Dirty,
    admission: reconcile::Admission,
    written: reconcile::Written,
    caught_up: watch::Sender<bool>,
}

/// Works until shutdown, then finishes the steps that are under way. No desktop is stopped by that.
pub async fn run(parts: Parts, shutdown: CancellationToken) {
    let Parts { store, engine, spaces, clients, config, suspects, caught_up } = parts;
    let shared = Arc::new(Shared {
        admission: reconcile::Admission::new(config.max_concurrent_starts),
        dirty: reconcile::Dirty::default(),
        written: reconcile::Written::default(),
        unpacker: client::Unpacker::new(Arc::clone(&engine), clients),
        store,
        engine,
        spaces,
        config,
        caught_up,
    });
    tokio::join!(
        supervise::forever("observe", &shutdown, || observe::run(Arc::clone(&shared), shutdown.clone())),
        supervise::forever("intents", &shutdown, || reconcile::follow(Arc::clone(&shared), shutdown.clone())),
        supervise::forever("reconcile", &shutdown, || reconcile::run(Arc::clone(&shared), shutdown.clone())),
        supervise::forever("schedule", &shutdown, || schedule::run(Arc::clone(&shared), shutdown.clone())),
        supervise::forever("pull", &shutdown, || pull::run(Arc::clone(&shared), shutdown.clone())),
        observe::suspects(Arc::clone(&shared), suspects, shutdown.clone()),
    );
}
