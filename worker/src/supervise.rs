use std::{pin::pin, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// Pause before a loop that panicked is started again; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A loop that was started again is well once it has run for this long. Longer than [`LONGEST_PAUSE`], so that one
/// that panics again and again is never taken to be.
const SETTLED: Duration = Duration::from_secs(15);

/// The loops of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loop {
    /// Follows the engine.
    Observe,
    /// Follows what is wanted.
    Intents,
    /// Takes steps.
    Reconcile,
    /// Runs jobs by the clock.
    Schedule,
    /// Pulls images.
    Pull,
    /// Keeps desktops from what they must not reach.
    Guard,
    /// Tells other programs.
    Webhooks,
}

impl Loop {
    const ALL: [Self; 7] =
        [Self::Observe, Self::Intents, Self::Reconcile, Self::Schedule, Self::Pull, Self::Guard, Self::Webhooks];

    const fn name(self) -> &'static str {
        match self {
            Self::Observe => "worker.observe",
            Self::Intents => "worker.intents",
            Self::Reconcile => "worker.reconcile",
            Self::Schedule => "worker.schedule",
            Self::Pull => "worker.pull",
            Self::Guard => "worker.guard",
            Self::Webhooks => "worker.webhooks",
        }
    }
}

/// Whether each loop of a worker runs well: false from when it ends or panics until it has run for a while again.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Health(Arc<[watch::Sender<bool>; Loop::ALL.len()]>);

impl Default for Health {
    fn default() -> Self {
        Self(Arc::new(Loop::ALL.map(|_| watch::Sender::new(true))))
    }
}

impl Health {
    /// The name of each loop, and a way to follow how it is.
    pub fn loops(&self) -> Vec<(&'static str, watch::Receiver<bool>)> {
        Loop::ALL.iter().map(|one| (one.name(), self.of(*one).subscribe())).collect()
    }

    fn of(&self, one: Loop) -> &watch::Sender<bool> {
        &self.0[one as usize]
    }
}

/// Runs a loop until shutdown, and again whenever it ends or panics before. One loop's panic never ends another's.
pub(crate) async fn forever<F: Future<Output = ()>>(
    one: Loop,
    health: &Health,
    shutdown: &CancellationToken,
    mut task: impl FnMut() -> F,
) {
    let (name, well) = (one.name(), health.of(one));
    let mut pause = FIRST_PAUSE;
    loop {
        let mut running = pin!(std::panic::AssertUnwindSafe(async { task().await }).catch_unwind());
        let ended = if let Ok(ended) = tokio::time::timeout(SETTLED, &mut running).await {
            ended
        } else {
            pause = FIRST_PAUSE;
            well.send_replace(true);
            running.await
        };
        match ended {
            Ok(()) if shutdown.is_cancelled() => return,
            Ok(()) => info!(task = name, "background task ended; starting it again"),
            Err(_) => error!(task = name, "background task panicked; starting it again"),
        }
        well.send_replace(false);
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use tokio::time::{Instant, sleep, timeout};
    use tokio_util::sync::CancellationToken;

    use super::{Health, LONGEST_PAUSE, Loop, SETTLED, forever};

    /// A loop that panics a number of times, each time after it ran for so long, and then runs well.
    async fn supervised(panics: usize, after: Duration, meanwhile: impl AsyncFnOnce(&Health, &Cell<usize>)) {
        let (health, shutdown, started) = (Health::default(), CancellationToken::new(), Cell::new(0));
        let task = || {
            started.set(started.get() + 1);
            let panics = started.get() <= panics;
            let shutdown = shutdown.clone();
            async move {
                if panics {
                    sleep(after).await;
                    panic!("a defect");
                }
                shutdown.cancelled().await;
            }
        };
        let watching = async {
            meanwhile(&health, &started).await;
            shutdown.cancel();
        };
        tokio::join!(forever(Loop::Pull, &health, &shutdown, task), watching);
    }

    fn is_well(health: &Health, one: Loop) -> bool {
        let loops = health.loops();
        let found = loops.iter().find(|(name, _)| *name == one.name());
        *found.expect("every loop has its name").1.borrow()
    }

    async fn until(health: &Health, one: Loop, well: bool) {
        let mut follow = health.of(one).subscribe();
        follow.wait_for(|now| *now == well).await.expect("it is watched for ever");
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_panicked_is_well_again_once_it_ran_for_a_while() {
        supervised(1, Duration::from_secs(1), async |health, started| {
            assert!(is_well(health, Loop::Pull));
            until(health, Loop::Pull, false).await;
            let down = Instant::now();
            assert!(Loop::ALL.iter().all(|one| is_well(health, *one) == (*one != Loop::Pull)), "the others are well");
            until(health, Loop::Pull, true).await;
            assert!(down.elapsed() >= SETTLED);
            assert_eq!(started.get(), 2);
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_keeps_panicking_stays_down_and_is_tried_less_often() {
        supervised(usize::MAX, Duration::from_secs(2), async |health, started| {
            until(health, Loop::Pull, false).await;
            let stayed = timeout(Duration::from_mins(10), until(health, Loop::Pull, true)).await;
            assert!(stayed.is_err(), "it was never well");
            let tries = started.get();
            sleep((LONGEST_PAUSE + Duration::from_secs(2)) * 10).await;
            assert_eq!(started.get() - tries, 10);
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn one_panic_after_a_long_time_is_soon_over() {
        supervised(3, SETTLED * 2, async |health, started| {
            for _ in 0..3 {
                until(health, Loop::Pull, false).await;
                let tried = started.get();
                sleep(Duration::from_millis(150)).await;
                assert_eq!(started.get(), tried + 1, "the pause is as short as the first time");
                until(health, Loop::Pull, true).await;
            }
        })
        .await;
    }
}
