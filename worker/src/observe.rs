//! What the engine shows. Looks at its events and, now and then, at all its containers; changes nothing itself, but
//! puts desktops on the queue. Running it twice is harmless: a desktop that is looked at twice is found at rest.

mod resync;

use std::{sync::Arc, time::Duration};

use domain::DesktopId;
use engine::EngineError;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::Shared;

/// Pause before the engine is tried again; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// How often the whole picture is compared, whatever the events said.
const RESYNC: Duration = Duration::from_mins(1);
/// How often the engine is asked for a sign of life: a dead event stream looks just like a quiet one.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How long the sign may take. A call that does something may take longer; one that has nothing to do may not.
const SIGN: Duration = Duration::from_secs(5);

/// Follows the engine until shutdown, reconnecting for ever.
pub(crate) async fn run(shared: Arc<Shared>, shutdown: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    loop {
        let ended = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            ended = connected(&shared, &mut pause) => ended,
        };
        let Err(error) = ended;
        // it is tried often, so that its return is noticed at once: one line tells of all tries
        if pause == FIRST_PAUSE {
            warn!(error = &error as &dyn std::error::Error, "the engine is away; trying again");
        } else {
            debug!(error = &error as &dyn std::error::Error, "the engine is still away");
        }
        shared.admission.engine_went();
        report(&shared, Some(&error)).await;
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}

/// Subscribes first, then lists: what happens in between comes as a hint. Ends with what broke the connection.
async fn connected(shared: &Shared, pause: &mut Duration) -> Result<std::convert::Infallible, EngineError> {
    let mut hints = shared.engine.hints().await?;
    shared.engine.prepare().await?;
    shared.admission.engine_came(&shared.engine.info().await?);
    resync::run(shared).await?;
    info!("the engine is there; its picture is applied");
    *pause = FIRST_PAUSE;
    report(shared, None).await;
    shared.caught_up.send_replace(true);
    let mut resync = tokio::time::interval_at(tokio::time::Instant::now() + RESYNC, RESYNC);
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = heartbeat.tick() => ask_for_a_sign(shared).await?,
            _ = resync.tick() => resync::run(shared).await?,
            hint = hints.next() => match hint {
                Some(hint) => {
                    let hint = hint?;
                    debug!(desktop = %hint.desktop, kind = ?hint.kind, "engine hint");
                    shared.dirty.mark(hint.desktop);
                }
                None => return Err(EngineError::Unreachable { detail: "the event stream ended".to_owned() }),
            },
        }
    }
}

async fn ask_for_a_sign(shared: &Shared) -> Result<(), EngineError> {
    let late = |_| EngineError::Unreachable { detail: format!("no sign of life for {} seconds", SIGN.as_secs()) };
    tokio::time::timeout(SIGN, shared.engine.ping()).await.map_err(late)?
}

/// Says in the database whether the engine answers, for pages and other processes.
async fn report(shared: &Shared, error: Option<&EngineError>) {
    let message = error.map(ToString::to_string);
    if let Err(error) = shared.records.report_engine(&shared.config.node, error.is_none(), message).await {
        warn!(error = &error as &dyn std::error::Error, "the engine's state cannot be stored");
    }
}

/// Looks at desktops whose route the gateway doubts.
pub(crate) async fn suspects(
    shared: Arc<Shared>,
    mut suspects: mpsc::Receiver<DesktopId>,
    shutdown: CancellationToken,
) {
    while let Some(Some(desktop)) = shutdown.run_until_cancelled(suspects.recv()).await {
        shared.dirty.mark(desktop);
    }
}
