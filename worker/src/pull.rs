//! Pulls images that somebody ordered. Looks at jobs that have not ended, changes their progress. Running it twice is
//! harmless: a pull of what is there is quick and changes nothing.

use std::{sync::Arc, time::Duration};

use engine::{EngineError, PullProgress};
use futures::StreamExt;
use store::{Job, JobState, Store, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::Shared;

/// How often progress is stored.
const REPORT: Duration = Duration::from_millis(500);
/// How long a lost announcement can go unnoticed.
const POLL: Duration = Duration::from_secs(5);

/// Takes one job after the other until shutdown. One that shutdown interrupts is taken up again at the next start.
pub(crate) async fn run(shared: Arc<Shared>, store: Store, shutdown: CancellationToken) {
    let mut announced = store.revisions();
    loop {
        let worked = shutdown.run_until_cancelled(work(&shared, &store)).await;
        match worked {
            None => return,
            Some(Ok(())) => {}
            Some(Err(error)) => warn!(error = &error as &dyn std::error::Error, "a job's progress cannot be stored"),
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = announced.changed() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

async fn work(shared: &Shared, store: &Store) -> Result<(), StoreError> {
    for job in store.jobs().open().await? {
        if job.kind == store::PULL {
            pull(shared, store, &job).await?;
        }
    }
    Ok(())
}

async fn pull(shared: &Shared, store: &Store, job: &Job) -> Result<(), StoreError> {
    let jobs = store.jobs();
    jobs.report(job.id, JobState::Running, None, "").await?;
    let mut progress = shared.engine.pull(&job.subject);
    let mut reported = Instant::now();
    while let Some(step) = progress.next().await {
        match step {
            Ok(step) if reported.elapsed() >= REPORT => {
                reported = Instant::now();
                jobs.report(job.id, JobState::Running, share(step), &layers(step)).await?;
            }
            Ok(_) => {}
            // the job stays open and is taken up again
            Err(EngineError::Unreachable { detail }) => {
                return jobs.report(job.id, JobState::Waiting, None, &detail).await;
            }
            Err(error) => return jobs.report(job.id, JobState::Failed, None, &error.to_string()).await,
        }
    }
    jobs.report(job.id, JobState::Done, Some(1.0), "").await
}

fn share(step: PullProgress) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a share of bytes needs no more than 52 bits")]
    let share = |done: u64, all: u64| (all > 0).then(|| done as f64 / all as f64);
    share(step.bytes, step.bytes_total)
}

fn layers(step: PullProgress) -> String {
    format!("{} / {}", step.layers_done, step.layers)
}
