//! When a job is due. Pure: takes the rule, what was dealt with and the time, and answers.
//!
//! A cron expression names times on the clock on the wall. Its *moments* are, for each of them, the first instant at
//! which that clock shows this time or a later one. So a time that daylight saving leaves out has its moment at the
//! change, and one that it brings twice has it the first time; several that are left out share one moment.

use std::{fmt, str::FromStr, sync::Arc};

use chrono::{NaiveDateTime, SubsecRound, TimeDelta, TimeZone};
use chrono_tz::Tz;
use domain::Timestamp;

/// A clock that was set back by more than this was wrong before: what was dealt with by then does not count. Anything
/// less is a clock that was put right, and what was dealt with stays so.
const SET_BACK: TimeDelta = TimeDelta::hours(1);

/// A cron expression: five fields, or six with seconds first. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cron(Arc<croner::Cron>);

/// A text that is no cron expression.
#[derive(Debug, thiserror::Error)]
#[error("no cron expression")]
pub struct NoCron(#[from] croner::errors::CronError);

impl FromStr for Cron {
    type Err = NoCron;

    fn from_str(text: &str) -> Result<Self, NoCron> {
        Ok(Self(Arc::new(text.parse()?)))
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl Cron {
    /// The first moment after an instant; none where the expression names no time that ever comes.
    pub(crate) fn next(&self, zone: Tz, after: Timestamp) -> Option<Timestamp> {
        let mut shown = wall(zone, after);
        loop {
            shown = self.0.find_next_occurrence(&shown.and_utc(), false).ok()?.naive_utc();
            match first_shown(zone, shown) {
                // a time that the clock shows for the second time had its moment an hour ago
                Some(moment) if moment <= after => {}
                moment => return moment,
            }
        }
    }

    /// The last moment at or before an instant.
    pub(crate) fn latest(&self, zone: Tz, until: Timestamp) -> Option<Timestamp> {
        let now = wall(zone, until);
        // what the clock shows for the second time, it has shown until an hour later before
        let twice = zone.from_local_datetime(&now);
        let mut shown = now + twice.earliest().zip(twice.latest()).map_or(TimeDelta::zero(), |(a, b)| b - a);
        let mut inclusive = true;
        loop {
            shown = self.0.find_previous_occurrence(&shown.and_utc(), inclusive).ok()?.naive_utc();
            inclusive = false;
            match first_shown(zone, shown) {
                Some(moment) if moment > until => {}
                moment => return moment,
            }
        }
    }
}

/// What the clock on the wall shows, to the second.
fn wall(zone: Tz, at: Timestamp) -> NaiveDateTime {
    at.with_timezone(&zone).naive_local().trunc_subsecs(0)
}

/// The first instant at which the clock on the wall shows a time or a later one.
fn first_shown(zone: Tz, time: NaiveDateTime) -> Option<Timestamp> {
    // clocks are changed on a whole minute, and once a whole day was left out (Apia, 2011)
    let left_out = || {
        let minute = time - TimeDelta::seconds(i64::from(chrono::Timelike::second(&time)));
        (1..=25 * 60).find_map(|later| zone.from_local_datetime(&(minute + TimeDelta::minutes(later))).earliest())
    };
    zone.from_local_datetime(&time).earliest().or_else(left_out).map(|at| at.to_utc())
}

/// When a job is to run.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    /// This long after it last did.
    Every(TimeDelta),
    /// At the moments of an expression in a time zone.
    At(Cron, Tz),
    /// Only when somebody wants it.
    OnDemand,
}

/// What becomes of a moment that passed while nobody could run the job.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Missed {
    /// It is made up for, once for all that passed.
    CaughtUp,
    /// It is made up for until this long after it; then it is too late.
    TooLateAfter(TimeDelta),
}

/// What is to be done about a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing now.
    Wait,
    /// It runs for this moment.
    Run(Timestamp),
    /// This moment is dealt with without a run.
    PassOver(Timestamp),
}

/// Decides about a job that is not running, of which all up to a moment was dealt with.
///
/// `Run` if and only if a moment of the rule lies after what was dealt with and not after now, and it is not too late
/// for the latest such. Earlier ones are dealt with by that too. Of a rule at times of day that was never looked at,
/// nothing is made up for.
pub(crate) fn decide(rule: &Rule, missed: Missed, dealt_with: Option<Timestamp>, now: Timestamp) -> Verdict {
    match (rule, dealt_with) {
        (Rule::OnDemand, _) => Verdict::Wait,
        (Rule::Every(span), Some(last)) if (now - last).abs() < *span => Verdict::Wait,
        (Rule::Every(_), _) => Verdict::Run(now),
        (Rule::At(..), None) => Verdict::PassOver(now),
        (Rule::At(..), Some(last)) if last - now > SET_BACK => Verdict::PassOver(now),
        (Rule::At(cron, zone), Some(last)) => match cron.latest(*zone, now) {
            Some(moment) if moment <= last => Verdict::Wait,
            Some(moment) => match missed {
                Missed::TooLateAfter(limit) if now - moment > limit => Verdict::PassOver(moment),
                _ => Verdict::Run(moment),
            },
            None => Verdict::Wait,
        },
    }
}

impl Rule {
    /// When a job is due next of which all until now is dealt with.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(span) => Some(now + *span),
            Self::At(cron, zone) => cron.next(*zone, now),
            Self::OnDemand => None,
        }
    }
}

#[cfg(test)]
mod tests;
