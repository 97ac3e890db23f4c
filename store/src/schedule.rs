use domain::{
    Timestamp,
    schedule::{Outcome, RunResult, ScheduledJob},
};
use entity::job_run;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, sea_query::OnConflict};

use crate::{
    Store, StoreError,
    connection::{now, stored},
    text::storable_json,
};

/// What jobs of the schedule did, and do next.
///
/// The worker that holds the lease notes it; others only wish for runs.
#[derive(Debug, Clone, Copy)]
pub struct Schedule<'a>(pub(crate) &'a Store);

/// A job of the schedule, and how its last run went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRun {
    /// Which job.
    pub job: ScheduledJob,
    /// When it is due, as a cron expression.
    pub cron: Option<String>,
    /// When it is due, as the seconds between two runs. Where there is neither, it runs only when somebody wants it.
    pub every_seconds: Option<i64>,
    /// The time zone on whose clock the expression is read.
    pub time_zone: Option<String>,
    /// The moment of the rule that was dealt with last: run for, or passed over.
    pub scheduled_for: Option<Timestamp>,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// When that ended.
    pub finished_at: Option<Timestamp>,
    /// How it went.
    pub result: Option<RunResult>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// When it is due next.
    pub next_run_at: Option<Timestamp>,
    /// When somebody wanted a run that has not begun.
    pub requested_at: Option<Timestamp>,
}

impl JobRun {
    /// A job that was never run.
    pub fn never(job: ScheduledJob) -> Self {
        Self {
            job,
            cron: None,
            every_seconds: None,
            time_zone: None,
            scheduled_for: None,
            started_at: None,
            finished_at: None,
            result: None,
            outcome: None,
            next_run_at: None,
            requested_at: None,
        }
    }
}

/// By whose right something is noted.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// A lease.
    pub lease: &'a str,
    /// Who holds it.
    pub holder: &'a str,
}

impl Schedule<'_> {
    /// Every job there is, in the order of their declaration, whether it ever ran or not.
    pub async fn all(&self) -> Result<Vec<JobRun>, StoreError> {
        // a row of a job that this version does not know is left alone
        let known: Vec<_> = job_run::Entity::find().all(self.0.db()).await?.into_iter().filter_map(to_domain).collect();
        let find = |job| known.iter().find(|run| run.job == job).cloned();
        Ok(ScheduledJob::ALL.iter().map(|&job| find(job).unwrap_or_else(|| JobRun::never(job))).collect())
    }

    /// Wishes for a run of a job as soon as can be. Followers learn of it. A wish that is open already stays.
    pub async fn request(&self, job: ScheduledJob) -> Result<JobRun, StoreError> {
        let mut write = self.0.write().await?;
        let row = to_row(JobRun { requested_at: Some(now()), ..JobRun::never(job) });
        job_run::Entity::insert(row)
            .on_conflict(
                OnConflict::column(job_run::Column::Name).update_column(job_run::Column::RunRequestedAt).to_owned(),
            )
            .exec_without_returning(&write.transaction)
            .await?;
        let row = job_run::Entity::find_by_id(job.as_str()).one(&write.transaction).await?;
        write.revision().await?;
        write.commit().await?;
        row.and_then(to_domain).ok_or_else(|| StoreError::Corrupt(format!("the job {job} is gone")))
    }

    /// Notes how a job is, if the lease is still held; whether it is. To note that it runs takes up the wish for it.
    pub async fn note(&self, held: Held<'_>, run: &JobRun) -> Result<bool, StoreError> {
        use job_run::Column;
        let mut columns = vec![
            Column::Cron,
            Column::EverySeconds,
            Column::TimeZone,
            Column::LastScheduledFor,
            Column::LastStartedAt,
            Column::LastFinishedAt,
            Column::LastResult,
            Column::LastOutcome,
            Column::NextRunAt,
        ];
        if run.result == Some(RunResult::Running) {
            columns.push(Column::RunRequestedAt);
        }
        let row = to_row(JobRun { requested_at: None, ..run.clone() });
        let write = self.0.write().await?;
        if !write.holds(held.lease, held.holder).await? {
            return Ok(false);
        }
        job_run::Entity::insert(row)
            .on_conflict(OnConflict::column(Column::Name).update_columns(columns).to_owned())
            .exec_without_returning(&write.transaction)
            .await?;
        write.commit().await?;
        Ok(true)
    }
}

/// When every desktop is stopped next, as the worker that runs the schedule noted it.
pub(crate) async fn next_nightly_stop<C: ConnectionTrait>(connection: &C) -> Result<Option<Timestamp>, StoreError> {
    let row = job_run::Entity::find_by_id(ScheduledJob::NightlyStop.as_str()).one(connection).await?;
    Ok(row.and_then(|row| row.next_run_at))
}

fn to_domain(row: job_run::Model) -> Option<JobRun> {
    Some(JobRun {
        job: row.name.parse().ok()?,
        cron: row.cron,
        every_seconds: row.every_seconds,
        time_zone: row.time_zone,
        scheduled_for: row.last_scheduled_for,
        started_at: row.last_started_at,
        finished_at: row.last_finished_at,
        result: row.last_result,
        outcome: row.last_outcome,
        next_run_at: row.next_run_at,
        requested_at: row.run_requested_at,
    })
}

fn to_row(run: JobRun) -> job_run::ActiveModel {
    job_run::ActiveModel {
        name: Set(run.job.as_str().to_owned()),
        cron: Set(run.cron),
        every_seconds: Set(run.every_seconds),
        time_zone: Set(run.time_zone),
        last_scheduled_for: Set(run.scheduled_for.map(stored)),
        last_started_at: Set(run.started_at.map(stored)),
        last_finished_at: Set(run.finished_at.map(stored)),
        last_result: Set(run.result),
        last_outcome: Set(run.outcome.map(storable_outcome)),
        next_run_at: Set(run.next_run_at.map(stored)),
        run_requested_at: Set(run.requested_at.map(stored)),
    }
}

/// What programs and engines say may hold what no database keeps.
fn storable_outcome(outcome: Outcome) -> Outcome {
    let stored = serde_json::to_value(&outcome).ok().map(storable_json);
    stored.and_then(|stored| serde_json::from_value(stored).ok()).unwrap_or(outcome)
}
