//! The clock's part: ticks that make the reapers look. The scheduler only ticks; when something last ran is in the
//! database, and whether it is due is decided there, so a restart neither skips nor doubles a job.

use std::sync::Arc;

use store::{Store, StoreError};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{Shared, client, reap};

/// Six fields, seconds first, in UTC.
const EVERY_FIVE_SECONDS: &str = "*/5 * * * * *";
const EVERY_MINUTE: &str = "30 * * * * *";

/// Ticks until shutdown.
pub(crate) async fn run(shared: Arc<Shared>, store: Store, shutdown: CancellationToken) {
    match schedule(&shared, &store).await {
        Ok(mut scheduler) => {
            shutdown.cancelled().await;
            if let Err(error) = scheduler.shutdown().await {
                warn!(error = &error as &dyn std::error::Error, "the scheduler did not stop cleanly");
            }
        }
        Err(error) => warn!(error = &error as &dyn std::error::Error, "the scheduler does not start"),
    }
}

async fn schedule(shared: &Arc<Shared>, store: &Store) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    scheduler
        .add(job(shared, store, EVERY_FIVE_SECONDS, "idle", |shared, _| async move { reap::idle::run(&shared).await })?)
        .await?;
    scheduler
        .add(job(shared, store, EVERY_FIVE_SECONDS, "clients", |shared, store| async move {
            client::prepare(&shared, &store).await
        })?)
        .await?;
    scheduler
        .add(job(shared, store, EVERY_MINUTE, "unused clients", |shared, store| async move {
            client::sweep(&shared, &store).await
        })?)
        .await?;
    scheduler
        .add(job(shared, store, EVERY_MINUTE, "nightly", |shared, store| async move {
            reap::nightly::run(&shared, &store).await
        })?)
        .await?;
    scheduler
        .add(job(shared, store, EVERY_MINUTE, "expired", |shared, store| async move {
            reap::expired::run(&shared, &store).await
        })?)
        .await?;
    scheduler.start().await?;
    Ok(scheduler)
}

/// A job that logs its failure and never runs beside itself.
fn job<F>(
    shared: &Arc<Shared>,
    store: &Store,
    when: &str,
    name: &'static str,
    work: impl Fn(Arc<Shared>, Store) -> F + Copy + Send + Sync + 'static,
) -> Result<Job, JobSchedulerError>
where
    F: Future<Output = Result<(), StoreError>> + Send + 'static,
{
    let (shared, store) = (Arc::clone(shared), store.clone());
    let running = Arc::new(tokio::sync::Mutex::new(()));
    Job::new_async(when, move |_, _| {
        let (shared, store, running) = (Arc::clone(&shared), store.clone(), Arc::clone(&running));
        Box::pin(async move {
            let Ok(_alone) = running.try_lock() else {
                return;
            };
            if let Err(error) = work(shared, store).await {
                warn!(job = name, error = &error as &dyn std::error::Error, "a scheduled job failed");
            }
        })
    })
}
