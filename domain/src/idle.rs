//! When an unused desktop is warned and stopped.
//!
//! A desktop is idle since its last use: its start, an extension, or keyboard or pointer input seen in its stream,
//! whichever came last. An open tab, moving pictures and keep-alives are not use.
//!
//! Nobody is stopped who was not warned: not after the worker was away, nor after a clock was set. What lies far in the
//! future, because a clock has been set back since, has not happened.

use chrono::TimeDelta;

use crate::{
    Timestamp,
    desktop::{Desktop, DesktopState},
    why::Why,
};

/// The limits for one desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdlePolicy {
    /// Unused for this long, it is stopped. `None`: never.
    pub idle_after: Option<TimeDelta>,
    /// How long before that its owner is warned.
    pub warn_before: TimeDelta,
}

impl IdlePolicy {
    /// When the desktop stops if nobody uses it before then.
    pub fn stops_at(&self, desktop: &Desktop) -> Option<Timestamp> {
        let running = desktop.state == DesktopState::Running;
        running.then(|| desktop.last_use()).flatten().zip(self.idle_after).map(|(since, limit)| since + limit)
    }
}

/// A time that lies further ahead is of a clock that was set back since. Clocks of several machines differ by less.
pub const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// The two moments that a decision is made at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// Until when all input is known: what came later may still be on its way.
    pub input_until: Timestamp,
}

/// What the reaper does with a desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is in use, or not ours to stop.
    Keep,
    /// Its owner has to be told that it will stop.
    Warn,
    /// It is stopped, for this reason.
    Stop(Why),
}

/// Decides about one desktop.
///
/// Notice is `warn_before`, or `idle_after` where that is shorter, and a warning is due once the last use is `idle_after`
/// less the notice ago. `Stop` if and only if the desktop is `running`, its last use is at least `idle_after` before
/// `input_until`, and its owner was told when that was due, at least the notice ago. `Warn` if and only if it is
/// `running`, a warning is due at `input_until`, and none was given when it was. One that was given before is of an
/// earlier use: input may become known only after the warning that it came before.
pub fn decide(desktop: &Desktop, policy: &IdlePolicy, at: Moment) -> Verdict {
    let Some(limit) = policy.idle_after.filter(|_| desktop.state == DesktopState::Running) else {
        return Verdict::Keep;
    };
    let past = |moment: Option<Timestamp>| moment.filter(|moment| *moment <= at.now + AHEAD);
    let last_use = past(desktop.started_at).max(past(desktop.last_input_at)).max(past(desktop.extended_at));
    // a desktop that runs was started: at worst it counts from now, and is kept
    let last_use = last_use.unwrap_or(at.now);
    let notice = policy.warn_before.min(limit);
    let unused_for = at.input_until - last_use;
    let warning_due = limit - notice;
    match past(desktop.warned_at).filter(|warned| *warned - last_use >= warning_due) {
        Some(warned) if unused_for >= limit && at.now - warned >= notice => {
            Verdict::Stop(Why::Idle { minutes: limit.num_minutes() })
        }
        None if unused_for >= warning_due => Verdict::Warn,
        Some(_) | None => Verdict::Keep,
    }
}

/// What a verdict makes of the desktop.
#[must_use]
pub fn apply(verdict: Verdict, desktop: Desktop, now: Timestamp) -> Desktop {
    match verdict {
        Verdict::Keep => desktop,
        Verdict::Warn => desktop.warned(now),
        Verdict::Stop(why) => desktop.want_stopped(why),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{IdlePolicy, Moment, Verdict, decide};
    use crate::{
        Timestamp,
        desktop::{Desktop, DesktopState, testing},
        why::Why,
    };

    const POLICY: IdlePolicy =
        IdlePolicy { idle_after: Some(TimeDelta::minutes(45)), warn_before: TimeDelta::minutes(5) };
    const STOP: Verdict = Verdict::Stop(Why::Idle { minutes: 45 });

    /// The verdict at a moment until which all is known.
    fn at(now: Timestamp, desktop: &Desktop) -> Verdict {
        decide(desktop, &POLICY, Moment { now, input_until: now })
    }

    fn minutes(minutes: i64) -> Timestamp {
        testing::epoch() + TimeDelta::minutes(minutes)
    }

    #[test]
    fn idleness_counts_from_the_last_use_not_from_the_start() {
        let mut desktop = testing::running(minutes(0));
        assert_eq!(at(minutes(39), &desktop), Verdict::Keep);
        assert_eq!(at(minutes(40), &desktop), Verdict::Warn);
        desktop.warned_at = Some(minutes(40));
        assert_eq!(at(minutes(41), &desktop), Verdict::Keep);
        assert_eq!(at(minutes(45), &desktop), STOP);
        desktop.last_input_at = Some(minutes(44));
        assert_eq!(at(minutes(45), &desktop), Verdict::Keep);
        assert_eq!(at(minutes(84), &desktop), Verdict::Warn);
        desktop.extended_at = Some(minutes(85));
        assert_eq!(at(minutes(90), &desktop), Verdict::Keep);
    }

    #[test]
    fn input_that_may_still_be_on_its_way_is_waited_for() {
        let desktop = Desktop { warned_at: Some(minutes(40)), ..testing::running(minutes(0)) };
        let (now, input_until) = (minutes(45), minutes(45) - TimeDelta::seconds(15));
        assert_eq!(decide(&desktop, &POLICY, Moment { now, input_until }), Verdict::Keep);
    }

    #[test]
    fn nobody_is_stopped_without_a_warning_in_time() {
        let mut desktop = testing::running(minutes(0));
        // the worker was away
        assert_eq!(at(minutes(300), &desktop), Verdict::Warn);
        desktop.warned_at = Some(minutes(300));
        assert_eq!(at(minutes(304), &desktop), Verdict::Keep);
        assert_eq!(at(minutes(305), &desktop), STOP);
    }

    #[test]
    fn input_that_becomes_known_after_a_warning_takes_it_back() {
        let mut desktop = testing::running(minutes(0));
        desktop.warned_at = Some(minutes(41));
        // typed just before the warning, stored just after it
        desktop.last_input_at = Some(minutes(41) - TimeDelta::seconds(2));
        assert_eq!(at(minutes(80), &desktop), Verdict::Keep);
        assert_eq!(at(minutes(86), &desktop), Verdict::Warn);
    }

    #[test]
    fn what_lies_in_the_future_has_not_happened() {
        let future = Some(minutes(600));
        let mut desktop = Desktop { last_input_at: future, warned_at: future, ..testing::running(minutes(0)) };
        assert_eq!(at(minutes(50), &desktop), Verdict::Warn);
        desktop.warned_at = Some(minutes(50));
        assert_eq!(at(minutes(55), &desktop), STOP);
    }

    #[test]
    fn a_clock_that_is_a_little_ahead_tells_of_use_all_the_same() {
        let mut desktop = testing::running(minutes(0));
        desktop.warned_at = Some(minutes(120));
        desktop.last_input_at = Some(minutes(180) + TimeDelta::seconds(1));
        assert_eq!(at(minutes(180), &desktop), Verdict::Keep);
    }

    #[test]
    fn a_notice_longer_than_the_limit_is_as_long_as_the_limit() {
        let policy = IdlePolicy { warn_before: TimeDelta::hours(2), ..POLICY };
        let desktop = testing::running(minutes(0));
        let verdict = |now| decide(&desktop, &policy, Moment { now, input_until: now });
        assert_eq!(verdict(minutes(0)), Verdict::Warn);
        let desktop = Desktop { warned_at: Some(minutes(1)), ..desktop };
        assert_eq!(decide(&desktop, &policy, Moment { now: minutes(46), input_until: minutes(46) }), STOP);
    }

    #[test]
    fn what_does_not_run_is_left_alone() {
        for state in DesktopState::ALL.iter().copied().filter(|state| *state != DesktopState::Running) {
            let desktop = Desktop { state, ..testing::running(minutes(0)) };
            assert_eq!(at(minutes(10_000), &desktop), Verdict::Keep);
        }
    }

    #[test]
    fn without_a_limit_nothing_is_stopped() {
        let policy = IdlePolicy { idle_after: None, ..POLICY };
        let (now, desktop) = (minutes(10_000), testing::running(minutes(0)));
        assert_eq!(decide(&desktop, &policy, Moment { now, input_until: now }), Verdict::Keep);
    }
}
