use tokio::sync::watch;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Six fields, seconds first.
const EVERY_SECOND: &str = "* * * * * *";

/// Ticks each second or so. A tick may be late, doubled or lost: it only makes the schedule look.
pub(super) struct Ticker(JobScheduler);

impl Ticker {
    /// Starts to tick, and a way to follow.
    pub(super) async fn start() -> Result<(Self, watch::Receiver<u64>), JobSchedulerError> {
        let (tick, ticks) = watch::channel(0_u64);
        let scheduler = JobScheduler::new().await?;
        let job = Job::new(EVERY_SECOND, move |_, _| tick.send_modify(|count| *count = count.wrapping_add(1)))?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok((Self(scheduler), ticks))
    }

    pub(super) async fn stop(mut self) -> Result<(), JobSchedulerError> {
        self.0.shutdown().await
    }
}
