use domain::{Language, Timestamp, schedule::RunResult};
use salvo::oapi::ToSchema;
use serde::Serialize;
use store::JobRun;

use crate::word::Word;

/// A job of the schedule, and how it went last.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = ScheduledJob))]
pub(crate) struct ScheduledJobView {
    /// Its stable name.
    name: &'static str,
    /// What people call it, in the caller's language.
    title: &'static str,
    /// What it does, in a sentence in the caller's language.
    description: &'static str,
    /// When it is due, as a cron expression that is read on the clock of `time_zone`. With neither this nor
    /// `every_seconds` it runs only when somebody wants it.
    cron: Option<String>,
    /// When it is due, as the seconds between two runs.
    every_seconds: Option<i64>,
    /// The name of the time zone of `cron`, such as `Europe/Berlin`.
    time_zone: Option<String>,
    /// When it was last started. Of a job that runs every few seconds not each run is told.
    last_started_at: Option<Timestamp>,
    /// When that ended; null while it runs.
    last_finished_at: Option<Timestamp>,
    /// How it went; null if it never ran.
    last_result: Option<Word<RunResult>>,
    /// What came of it, in the caller's language.
    message: Option<String>,
    /// When it is due next.
    next_run_at: Option<Timestamp>,
    /// Whether it is running now.
    running: bool,
    /// Whether somebody wanted a run that has not begun.
    run_requested: bool,
}

impl ScheduledJobView {
    pub(crate) fn new(run: JobRun, language: Language) -> Self {
        Self {
            name: run.job.as_str(),
            title: run.job.title(language),
            description: run.job.sentence(language),
            cron: run.cron,
            every_seconds: run.every_seconds,
            time_zone: run.time_zone,
            last_started_at: run.started_at,
            last_finished_at: run.finished_at,
            last_result: run.result.map(Word),
            message: run.outcome.map(|outcome| outcome.sentence(language)),
            next_run_at: run.next_run_at,
            running: run.result == Some(RunResult::Running),
            run_requested: run.requested_at.is_some(),
        }
    }
}
