use std::time::Duration;

use chrono_tz::Tz;
use domain::{admission::Overcommit, desktop::StartPolicy, idle::IdleRules, webhook::Destinations};

use crate::Cron;

/// Limits and rules of a worker.
#[derive(Debug, Clone)]
pub struct Config {
    /// How the engine's node is called in the database.
    pub node: String,
    /// Desktops that may be starting at a time. `None`: as many as the engine is seen to carry.
    pub max_concurrent_starts: Option<usize>,
    /// By how much the limits of all desktops may add up to more than the engine's machine has.
    pub overcommit: Overcommit,
    /// How often a start is tried.
    pub start: StartPolicy,
    /// How long a desktop may take from its container's start to its first answer.
    pub ready_within: Duration,
    /// How long a desktop may take to end by itself when it is stopped.
    pub stop_grace: Duration,
    /// `LANG` in desktops.
    pub lang: String,
    /// Time zone of the schedule, and `TZ` in desktops.
    pub time_zone: Tz,
    /// What is stopped and removed by itself.
    pub reaper: Reaper,
    /// How the school's own list of people is read, if at all.
    pub roster: Option<roster::idm::Config>,
    /// When it is read by itself.
    pub roster_at: Option<Cron>,
    /// How long lines of the audit log are kept. `None`: for ever.
    pub audit_keep: Option<Duration>,
    /// Where messages to webhooks may be sent.
    pub webhooks: Destinations,
}

/// What is stopped and removed by itself.
#[derive(Debug, Clone)]
pub struct Reaper {
    /// When desktops are warned and stopped, where their templates say nothing else.
    pub idle: IdleRules,
    /// Stopped for this long, a desktop is removed; its owner's files stay. `None`: never.
    pub remove_stopped_after: Option<Duration>,
    /// A container that nobody knows is removed after this.
    pub orphan_after: Duration,
    /// When every desktop is stopped.
    pub nightly_stop: Option<Cron>,
}
