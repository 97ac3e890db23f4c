//! The clock's part: ticks that make the reapers look. The scheduler only ticks; when something last ran is in the
//! database, and whether it is due is decided there, so a restart neither skips nor doubles a job.

use std::sync::Arc;

use store::StoreError;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{Shared, client, reap};

/// Six fields, seconds first, in UTC.
const EVERY_FIVE_SECONDS: &str = "*/5 * * * * *";
const EVERY_MINUTE: &str = "30 * * * * *";

/// Ticks until shutdown.
pub(crate) async fn run(shared: Arc<Shared>, shutdown: CancellationToken) {
    match schedule(&shared).await {
        Ok(mut scheduler) => {
            shutdown.cancelled().await;
            if let Err(error) = scheduler.shutdown().await {
                warn!(error = &error as &dyn std::error::Error, "the scheduler did not stop cleanly");
            }
        }
        Err(error) => warn!(error = &error as &dyn std::error::Error, "the scheduler does not start"),
    }
}

async fn schedule(shared: &Arc<Shared>) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    scheduler
        .add(job(shared, EVERY_FIVE_SECONDS, "idle", |shared| async move { reap::idle::run(&shared).await })?)
        .await?;
    scheduler
        .add(job(shared, EVERY_FIVE_SECONDS, "clients", |shared| async move { client::prepare(&shared).await })?)
        .await?;
    scheduler
        .add(job(shared, EVERY_MINUTE, "unused clients", |shared| async move { client::sweep(&shared).await })?)
        .await?;
    scheduler
        .add(job(shared, EVERY_MINUTE, "nightly", |shared| async move { reap::nightly::run(&shared).await })?)
        .await?;
    scheduler
        .add(job(shared, EVERY_MINUTE, "expired", |shared| async move { reap::expired::run(&shared).await })?)
        .await?;
    scheduler.start().await?;
    Ok(scheduler)
}

/// A job that logs its failure and never runs beside itself.
fn job<F>(
    shared: &Arc<Shared>,
    when: &str,
    name: &'static str,
    work: impl Fn(Arc<Shared>) -> F + Copy + Send + Sync + 'static,
) -> Result<Job, JobSchedulerError>
where
    F: Future<Output = Result<(), StoreError>> + Send + 'static,
{
    let shared = Arc::clone(shared);
    let running = Arc::new(tokio::sync::Mutex::new(()));
    Job::new_async(when, move |_, _| {
        let (shared, running) = (Arc::clone(&shared), Arc::clone(&running));
        Box::pin(async move {
            let Ok(_alone) = running.try_lock() else {
                return;
            };
            if let Err(error) = work(shared).await {
                warn!(job = name, error = &error as &dyn std::error::Error, "a scheduled job failed");
            }
        })
    })
}
