//! Brings desktops to where they are wanted, one step after the other, many desktops at once.
//!
//! Looks at one desktop's row and container; changes whatever `domain::converge` says. Running it twice is harmless:
//! each step may be repeated, and a row is only written if it is still the one that was read.

mod admission;
mod dirty;
mod follow;
mod launch;
mod probe;
mod stop;

use std::{sync::Arc, time::Duration};

use domain::{
    DesktopId,
    converge::{self, Act, Next},
    desktop::{Desktop, DesktopState, Observed},
};
use engine::EngineError;
use store::StoreError;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument, debug, info, info_span, warn};

pub(crate) use admission::Admission;
pub(crate) use dirty::Dirty;
pub(crate) use follow::{Written, follow};
#[cfg(test)]
pub(crate) use probe::NotReady;
pub(crate) use probe::{HttpProber, Prober};

use crate::Shared;

/// Desktops looked at at a time. Starts are bounded by the admission, this bounds the engine's load at a resync.
const AT_ONCE: usize = 64;
/// Pause before a desktop is looked at again after the engine or the database was away.
const PAUSE: Duration = Duration::from_millis(500);
/// More steps than any way to rest has: beyond it something else undoes ours, and a pause is in place.
const MOST_STEPS: usize = 64;

/// Why a step could not be taken.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Takes desktops from the queue until shutdown, then waits for the steps under way.
pub(crate) async fn run(shared: Arc<Shared>, shutdown: CancellationToken) {
    let tasks = TaskTracker::new();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let next = async {
            // a closed semaphore is never seen: nobody closes this one
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (shared.dirty.next().await, place)
        };
        let Some((desktop, place)) = shutdown.run_until_cancelled(next).await else {
            break;
        };
        let shared = Arc::clone(&shared);
        let shutdown = shutdown.clone();
        let span = info_span!("desktop", id = %desktop);
        tasks.spawn(
            async move {
                // gives the desktop back to the queue, also when a step panics
                let _turn = shared.dirty.turn(desktop);
                let _place = place;
                settle(&shared, desktop, &shutdown).await;
            }
            .instrument(span),
        );
    }
    tasks.close();
    tasks.wait().await;
}

/// Steps until there is nothing to do, the engine is away, or we are to stop.
async fn settle(shared: &Shared, id: DesktopId, shutdown: &CancellationToken) {
    for _ in 0..MOST_STEPS {
        if shutdown.is_cancelled() {
            return;
        }
        match step(shared, id).await {
            Ok(Flow::Again) => {}
            Ok(Flow::Rest) => return,
            Ok(Flow::At(pause)) => return shared.dirty.mark_after(id, pause),
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "a step failed; it will be tried again");
                return shared.dirty.mark_after(id, PAUSE);
            }
        }
    }
    warn!(steps = MOST_STEPS, "a desktop does not come to rest; pausing");
    shared.dirty.mark_after(id, PAUSE);
}

/// What follows a step.
enum Flow {
    Again,
    Rest,
    At(Duration),
}

/// Looks, decides, and takes one step.
async fn step(shared: &Shared, id: DesktopId) -> Result<Flow, StepError> {
    let desktop = shared.records.desktop(id).await?;
    shared.admission.note(id, desktop.as_ref());
    if shared.admission.is_due() {
        admission::arrange(shared).await?;
        // this one's turn may have come
        return Ok(Flow::Again);
    }
    let Some(desktop) = desktop else {
        return Ok(Flow::Rest);
    };
    let seen = match shared.engine.inspect(id).await {
        // somebody else has its name: then it has no container, and whoever makes one will be told why there is none
        Err(EngineError::Foreign { .. }) => None,
        seen => seen?,
    };
    let now = shared.clock.now();
    match converge::next(&desktop, seen.as_ref(), &shared.config.start, now) {
        Next::Rest => Ok(Flow::Rest),
        Next::Wait(until) => Ok(Flow::At((until - now).to_std().unwrap_or_default())),
        Next::Record(row) => {
            record(shared, &desktop, *row).await?;
            Ok(Flow::Again)
        }
        Next::Do(act) => {
            debug!(?act, state = %desktop.state, "next step");
            take(shared, desktop, seen, act).await
        }
    }
}

async fn take(shared: &Shared, desktop: Desktop, seen: Option<Observed>, act: Act) -> Result<Flow, StepError> {
    match (act, seen) {
        // it has its place; when its turn comes, its row changes
        (Act::Admit, _) => Ok(Flow::Rest),
        (Act::Create, _) => launch::create(shared, desktop).await,
        (Act::Start, _) => launch::start(shared, desktop).await,
        (Act::Probe, Some(seen)) => probe::probe(shared, desktop, seen).await,
        // only what runs is probed; if it is gone, the next look says so
        (Act::Probe, None) => Ok(Flow::Again),
        (Act::Stop, _) => stop::stop(shared, desktop).await,
        (Act::Remove, _) => stop::remove(shared, desktop).await,
    }
}

/// Stores a row made from another one, unless that has changed meanwhile; then the next look starts from the change.
async fn record(shared: &Shared, before: &Desktop, after: Desktop) -> Result<(), StoreError> {
    let Some(stored) = shared.records.save(&after).await? else {
        debug!("the row has changed meanwhile");
        return Ok(());
    };
    shared.written.note(stored.id, stored.revision);
    if before.state != stored.state {
        let why = stored.why.as_ref().map(domain::why::Why::code);
        info!(from = %before.state, to = %stored.state, why, revision = stored.revision, "desktop changed");
    }
    if before.state == DesktopState::Starting && stored.state == DesktopState::Running {
        shared.admission.started(before, shared.clock.now());
    }
    shared.admission.note(stored.id, Some(&stored));
    if shared.admission.is_due() {
        admission::arrange(shared).await?;
    }
    Ok(())
}
