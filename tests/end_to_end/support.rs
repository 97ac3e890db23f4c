//! What tests are told in.

mod agreement;
mod api;
mod browser;
mod cable;
mod crowd;
mod engine;
mod events;
mod private_engine;
mod provider;
mod pult;
mod rfb;

pub(crate) use agreement::{Owner, agreed};
pub(crate) use api::{Api, Desktop};
pub(crate) use browser::Browser;
pub(crate) use cable::{Cable, Side, Way};
pub(crate) use crowd::{Start, class, click_at_once, click_in_turn, tell};
pub(crate) use engine::{Engine, TestImage};
pub(crate) use events::Events;
pub(crate) use private_engine::{PrivateEngine, Setup, kill};
pub(crate) use provider::{Mischief, PrivateAuthority, Provider, now};
pub(crate) use pult::{Pult, free_ports};
pub(crate) use rfb::Rfb;

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// How long anything may take before a test gives up. Generous: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What `make test` sets; a sentence for those who run a test by hand.
pub(crate) fn variable(name: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration but their environment")]
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; `make test` brings what tests need"))
}
