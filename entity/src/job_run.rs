//! A job of the schedule, and how its last run went.

use domain::{
    Timestamp,
    schedule::{Outcome, RunResult},
};
use sea_orm::entity::prelude::*;

/// A job of the schedule, and how its last run went.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_runs")]
pub struct Model {
    /// Which job.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// When it is due, as a cron expression.
    pub cron: Option<String>,
    /// When it is due, as the seconds between two runs.
    pub every_seconds: Option<i64>,
    /// The time zone on whose clock the expression is read.
    pub time_zone: Option<String>,
    /// The moment of the rule that was dealt with last: run for, or passed over.
    pub last_scheduled_for: Option<Timestamp>,
    /// When it was last started.
    pub last_started_at: Option<Timestamp>,
    /// When that ended.
    pub last_finished_at: Option<Timestamp>,
    /// How it went.
    pub last_result: Option<RunResult>,
    /// What came of it.
    pub last_outcome: Option<Outcome>,
    /// When it is due next.
    pub next_run_at: Option<Timestamp>,
    /// When somebody wanted a run that has not begun.
    pub run_requested_at: Option<Timestamp>,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
