//! The clock's part. A ticker makes it look; [`rule`] decides what is due, from the rule, what the database says was
//! dealt with, and the time; [`jobs`] says what there is and does it.
//!
//! One worker of all runs the schedule: the one that holds the lease. What it dealt with is noted before a job begins,
//! and only while it holds the lease, so a restart or a change of workers neither skips nor doubles a run. A job never
//! runs beside itself, and one that fails or panics stops no other.

mod jobs;
mod lease;
mod rule;
mod ticker;

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use domain::{
    Timestamp,
    schedule::{Outcome, RunResult, ScheduledJob},
};
use futures::{FutureExt, future::BoxFuture};
use store::{Held, JobRun, Store, StoreError};
use tokio::{sync::watch, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use self::{
    lease::{Lease, Terms},
    rule::{Missed, Rule, Verdict},
    ticker::Ticker,
};
use crate::{Shared, clock::Clock};

pub(crate) use jobs::JobError;
pub use rule::{Cron, NoCron};

/// How long a lost announcement of a wish can go unnoticed.
const POLL: Duration = Duration::from_secs(5);
/// A job that runs at least this often is noted when what comes of it changes, and else once in this time: its runs
/// are no news.
const FREQUENT: Duration = Duration::from_mins(1);

/// What runs a job.
type Work = Arc<dyn Fn(ScheduledJob) -> BoxFuture<'static, Result<Outcome, JobError>> + Send + Sync>;

/// What jobs there are, when each is due, and what becomes of a run that was missed.
type Plan = Vec<(ScheduledJob, Rule, Missed)>;

/// Runs the schedule while this worker has the lease, until shutdown. `holder` tells this worker from every other, and
/// is the same when the loop is started again.
pub(crate) async fn run(shared: Arc<Shared>, store: Store, holder: String, shutdown: CancellationToken) {
    let (ticker, ticks) = match Ticker::start().await {
        Ok(ticker) => ticker,
        Err(error) => return error!(error = &error as &dyn std::error::Error, "the ticker does not start"),
    };
    let plan = ScheduledJob::ALL.iter().map(|&job| (job, jobs::rule(job, &shared.config), jobs::missed(job)));
    let office = Office {
        store: store.clone(),
        holder,
        terms: lease::TERMS,
        clock: shared.clock.clone(),
        plan: plan.collect(),
        work: Arc::new(move |job| {
            let (shared, store) = (Arc::clone(&shared), store.clone());
            Box::pin(async move { jobs::work(job, &shared, &store).await })
        }),
    };
    office.run(ticks, &shutdown).await;
    if let Err(error) = ticker.stop().await {
        warn!(error = &error as &dyn std::error::Error, "the ticker did not stop cleanly");
    }
}

/// What a worker needs to run the schedule, whether it is its turn or not.
struct Office {
    store: Store,
    holder: String,
    terms: Terms,
    clock: Clock,
    plan: Plan,
    work: Work,
}

impl Office {
    /// Waits for the lease, and runs the schedule while it lasts, until shutdown.
    async fn run(&self, ticks: watch::Receiver<u64>, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            match Lease::take(&self.store, &self.holder, self.terms).await {
                Ok(Some(lease)) => self.hold(lease, ticks.clone(), shutdown).await,
                Ok(None) => {}
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "the schedule waits for the database");
                }
            }
            shutdown.run_until_cancelled(tokio::time::sleep(self.terms.renew)).await;
        }
    }

    /// Runs the schedule until the lease is lost, which ends what is under way, or until shutdown, which waits for it.
    async fn hold(&self, lease: Lease, ticks: watch::Receiver<u64>, shutdown: &CancellationToken) {
        let mut desk = Desk::new(self);
        let ended = tokio::select! {
            biased;
            () = lease.keep() => Err(Lost::Lease),
            ended = desk.run(ticks, shutdown) => ended,
        };
        match ended {
            Ok(()) => {}
            Err(Lost::Lease) => warn!("another worker runs the schedule now, or the database was away for long"),
            Err(Lost::Store(error)) => {
                warn!(error = &error as &dyn std::error::Error, "the schedule cannot be read; trying again");
            }
        }
        desk.running.shutdown().await;
        lease::release(&self.store, &self.holder).await;
    }
}

/// Why the schedule cannot go on.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("the lease is another's")]
    Lease,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The schedule as the worker with the lease has it before it.
struct Desk {
    store: Store,
    holder: String,
    clock: Clock,
    work: Work,
    entries: Vec<Entry>,
    running: JoinSet<(ScheduledJob, Outcome)>,
}

/// A job on the desk.
struct Entry {
    rule: Rule,
    missed: Missed,
    /// How it is, whether that is noted yet or not.
    run: JobRun,
    /// What was noted last, and when.
    noted: Option<(JobRun, Instant)>,
    /// Somebody wants it.
    wished: bool,
}

impl Entry {
    fn is_running(&self) -> bool {
        self.run.result == Some(RunResult::Running)
    }

    fn is_frequent(&self) -> bool {
        matches!(self.rule, Rule::Every(span) if span.to_std().is_ok_and(|span| span <= FREQUENT))
    }

    /// Whether the database has to be told how it is.
    fn is_news(&self) -> bool {
        match &self.noted {
            Some((noted, _)) if *noted == self.run => false,
            Some((noted, at)) if self.is_frequent() => {
                let begins = self.is_running() && !self.wished;
                !begins && (noted.outcome != self.run.outcome || at.elapsed() >= FREQUENT)
            }
            _ => true,
        }
    }
}

impl Desk {
    fn new(office: &Office) -> Self {
        let entry = |(job, rule, missed)| Entry { rule, missed, run: JobRun::never(job), noted: None, wished: false };
        Self {
            store: office.store.clone(),
            holder: office.holder.clone(),
            clock: office.clock.clone(),
            work: Arc::clone(&office.work),
            entries: office.plan.iter().cloned().map(entry).collect(),
            running: JoinSet::new(),
        }
    }

    /// Runs what is due until shutdown, then waits for what is under way.
    async fn run(&mut self, mut ticks: watch::Receiver<u64>, shutdown: &CancellationToken) -> Result<(), Lost> {
        let mut announced = self.store.revisions();
        self.begin().await?;
        let mut poll = tokio::time::interval(POLL);
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(ended) = self.running.join_next() => self.ended(ended.ok()).await?,
                Ok(()) = ticks.changed() => self.look().await?,
                Ok(()) = announced.changed() => self.hear().await?,
                _ = poll.tick() => self.hear().await?,
            }
        }
        while let Some(ended) = self.running.join_next().await {
            self.ended(ended.ok()).await?;
        }
        Ok(())
    }

    /// Takes up what is known of each job, and notes when it is due from now on.
    async fn begin(&mut self) -> Result<(), Lost> {
        let now = self.clock.now();
        for known in self.store.schedule().all().await? {
            let Some(entry) = self.entries.iter_mut().find(|entry| entry.run.job == known.job) else { continue };
            entry.wished = known.requested_at.is_some();
            entry.run = taken_up(JobRun { requested_at: None, ..known.clone() }, &entry.rule, now);
            entry.noted = Some((JobRun { requested_at: None, ..known }, Instant::now()));
        }
        for index in 0..self.entries.len() {
            self.note(index).await?;
        }
        Ok(())
    }

    /// Hears what somebody wishes for.
    async fn hear(&mut self) -> Result<(), Lost> {
        let known = match self.store.schedule().all().await {
            Ok(known) => known,
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "wishes for jobs cannot be read");
                return Ok(());
            }
        };
        for known in known.iter().filter(|known| known.requested_at.is_some()) {
            if let Some(entry) = self.entries.iter_mut().find(|entry| entry.run.job == known.job) {
                entry.wished = true;
            }
        }
        self.look().await
    }

    /// Starts what is due or wished for, and notes what could not be noted before.
    async fn look(&mut self) -> Result<(), Lost> {
        for index in 0..self.entries.len() {
            let (now, entry) = (self.clock.now(), &mut self.entries[index]);
            if entry.is_running() {
                continue;
            }
            let dealt_with = entry.run.scheduled_for;
            match rule::decide(&entry.rule, entry.missed, dealt_with, now) {
                Verdict::Run(moment) => self.start(index, Some(moment), now).await?,
                _ if entry.wished => self.start(index, dealt_with, now).await?,
                Verdict::PassOver(moment) => {
                    entry.run.scheduled_for = Some(moment);
                    entry.run.next_run_at = entry.rule.next(now);
                    self.note(index).await?;
                }
                Verdict::Wait => drop(self.note(index).await?),
            }
        }
        Ok(())
    }

    /// Starts a job, once it is noted that it was.
    async fn start(&mut self, index: usize, moment: Option<Timestamp>, now: Timestamp) -> Result<(), Lost> {
        let entry = &mut self.entries[index];
        let before = entry.run.clone();
        entry.run = JobRun {
            scheduled_for: moment,
            started_at: Some(now),
            result: Some(RunResult::Running),
            outcome: None,
            finished_at: None,
            next_run_at: entry.rule.next(now),
            ..before.clone()
        };
        if !self.note(index).await? {
            // what is not noted is not begun: the next tick tries again
            self.entries[index].run = before;
            return Ok(());
        }
        let entry = &mut self.entries[index];
        entry.wished = false;
        let (job, work) = (entry.run.job, Arc::clone(&self.work));
        self.running.spawn(async move { (job, attempt(job, &work).await) });
        Ok(())
    }

    /// Notes how a job ended. One that was cut off is noted by whoever has the lease next.
    async fn ended(&mut self, ended: Option<(ScheduledJob, Outcome)>) -> Result<(), Lost> {
        let Some((job, outcome)) = ended else { return Ok(()) };
        let Some(index) = self.entries.iter().position(|entry| entry.run.job == job) else { return Ok(()) };
        let run = &mut self.entries[index].run;
        run.finished_at = Some(self.clock.now());
        run.result = Some(outcome.result());
        run.outcome = Some(outcome);
        self.note(index).await?;
        Ok(())
    }

    /// Tells the database how a job is, where that is news; whether it is told, or need not be.
    async fn note(&mut self, index: usize) -> Result<bool, Lost> {
        let entry = &mut self.entries[index];
        if !entry.is_news() {
            return Ok(true);
        }
        let held = Held { lease: lease::NAME, holder: &self.holder };
        match self.store.schedule().note(held, &entry.run).await {
            Ok(true) => {
                entry.noted = Some((entry.run.clone(), Instant::now()));
                Ok(true)
            }
            Ok(false) => Err(Lost::Lease),
            Err(error) => {
                warn!(job = %entry.run.job, error = &error as &dyn std::error::Error, "a job cannot be noted");
                Ok(false)
            }
        }
    }
}

/// What was remembered of a job, as the worker takes it up that has the lease from now on.
fn taken_up(known: JobRun, rule: &Rule, now: Timestamp) -> JobRun {
    let (cron, every_seconds, time_zone) = match rule {
        Rule::Every(span) => (None, Some(span.num_seconds()), None),
        Rule::At(cron, zone) => (Some(cron.to_string()), None, Some(zone.name().to_owned())),
        Rule::OnDemand => (None, None, None),
    };
    // a rule that was not there before names no time that anybody could have missed
    let is_new = cron.is_some() && (&known.cron, &known.time_zone) != (&cron, &time_zone);
    let mut run = JobRun { cron, every_seconds, time_zone, next_run_at: rule.next(now), ..known };
    if is_new {
        run.scheduled_for = Some(now);
    }
    if run.result == Some(RunResult::Running) {
        // its moment is not dealt with: it runs again, unless it is too late for it by now
        run.scheduled_for = run.scheduled_for.map(|moment| moment - chrono::TimeDelta::microseconds(1));
        run.result = Some(RunResult::Failed);
        run.outcome = Some(Outcome::Interrupted);
    }
    run
}

/// Runs a job, and tells what came of it, whatever that is.
async fn attempt(job: ScheduledJob, work: &Work) -> Outcome {
    match AssertUnwindSafe(async { work(job).await }).catch_unwind().await {
        Ok(Ok(outcome)) => {
            if !matches!(outcome, Outcome::Nothing | Outcome::Done | Outcome::ImagesPresent { .. }) {
                info!(%job, ?outcome, "a scheduled job did something");
            }
            outcome
        }
        Ok(Err(error)) => {
            warn!(%job, error = &error as &dyn std::error::Error, "a scheduled job failed");
            Outcome::Failed { detail: chain(&error) }
        }
        Err(panic) => {
            let detail = said(panic.as_ref());
            error!(%job, detail, "a scheduled job panicked");
            Outcome::Panicked { detail }
        }
    }
}

/// An error with all that caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests;
