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
mod guard;
mod observe;
mod pull;
mod reap;
mod reconcile;
mod records;
mod schedule;
#[cfg(test)]
mod simulation;
mod supervise;
mod upkeep;
mod webhooks;

use std::sync::Arc;

use domain::DesktopId;
use engine::Engine;
use files::{Clients, Spaces};
use firewall::Firewall;
use store::Store;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use self::{
    client::Unpacker,
    clock::Clock,
    guard::Guard,
    reconcile::{Admission, Dirty, HttpProber, Prober, Written},
    records::Records,
    supervise::{Loop, forever},
};

pub use config::{Config, Reaper};
pub use guard::{Guarded, Guarding};
pub use schedule::{Cron, NoCron};
pub use supervise::Health;

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
    /// What desktops may reach.
    pub guarded: Guarded,
    /// What holds them to it.
    pub firewall: Arc<dyn Firewall>,
    /// Limits and rules.
    pub config: Config,
    /// Desktops whose route the gateway doubts.
    pub suspects: mpsc::Receiver<DesktopId>,
    /// Raised once the first full picture of the engine is applied.
    pub caught_up: watch::Sender<bool>,
    /// How the worker's loops are, for whoever asks whether this process can do its work.
    pub health: Health,
}

/// What all loops of a worker share.
struct Shared {
    records: Arc<dyn Records>,
    engine: Arc<dyn Engine>,
    prober: Arc<dyn Prober>,
    clock: Clock,
    spaces: Spaces,
    unpacker: Unpacker,
    config: Config,
    dirty: Dirty,
    admission: Admission,
    guard: Guard,
    written: Written,
    reaper: reap::idle::Reaper,
    caught_up: watch::Sender<bool>,
    health: Health,
}

/// Works until shutdown, then finishes the steps that are under way. No desktop is stopped by that.
pub async fn run(parts: Parts, shutdown: CancellationToken) {
    let Parts { store, engine, spaces, clients, guarded, firewall, config, suspects, caught_up, health } = parts;
    let shared = Arc::new(Shared {
        admission: Admission::new(config.max_concurrent_starts, config.overcommit),
        guard: Guard::new(guarded, firewall),
        dirty: Dirty::default(),
        written: Written::default(),
        reaper: reap::idle::Reaper::new(),
        unpacker: Unpacker::new(Arc::clone(&engine), clients),
        records: Arc::new(store.clone()),
        engine,
        prober: Arc::new(HttpProber),
        clock: Clock::system(),
        spaces,
        config,
        caught_up,
        health,
    });
    // the worker that was on this node before is another holder: it may not be dead
    let holder = format!("{} {}", shared.config.node, store::random_words());
    let schedule = || schedule::run(Arc::clone(&shared), store.clone(), holder.clone(), shutdown.clone());
    let guard = || guard::run(Arc::clone(&shared), shutdown.clone());
    let webhooks = || webhooks::run(Arc::clone(&shared), store.clone(), shutdown.clone());
    let pull = || pull::run(Arc::clone(&shared), store.clone(), shutdown.clone());
    tokio::join!(
        converge(&shared, suspects, &shutdown),
        forever(Loop::Schedule, &shared.health, &shutdown, schedule),
        forever(Loop::Guard, &shared.health, &shutdown, guard),
        forever(Loop::Pull, &shared.health, &shutdown, pull),
        forever(Loop::Webhooks, &shared.health, &shutdown, webhooks),
    );
}

/// What brings desktops to where they are wanted: all that acts on containers but the clock.
async fn converge(shared: &Arc<Shared>, suspects: mpsc::Receiver<DesktopId>, shutdown: &CancellationToken) {
    let observe = || observe::run(Arc::clone(shared), shutdown.clone());
    let follow = || reconcile::follow(Arc::clone(shared), shutdown.clone());
    let reconcile = || reconcile::run(Arc::clone(shared), shutdown.clone());
    tokio::join!(
        forever(Loop::Observe, &shared.health, shutdown, observe),
        forever(Loop::Intents, &shared.health, shutdown, follow),
        forever(Loop::Reconcile, &shared.health, shutdown, reconcile),
        observe::suspects(Arc::clone(shared), suspects, shutdown.clone()),
    );
}
