//! When an unused desktop is warned and stopped.
//!
//! A desktop is idle since its last use: its start, an extension, or keyboard or pointer input seen in its stream,
//! whichever came last. An open tab, moving pictures and keep-alives are not use.

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
/// `Stop` if and only if it is `running` and its last use is at least `idle_after` ago; `Warn` if and only if it is
/// `running`, that moment is at most `warn_before` away, and nobody was told since the last use.
pub fn decide(desktop: &Desktop, policy: &IdlePolicy, now: Timestamp) -> Verdict {
    let (Some(stops_at), Some(limit)) = (policy.stops_at(desktop), policy.idle_after) else {
        return Verdict::Keep;
    };
    if now >= stops_at {
        Verdict::Stop(Why::Idle { minutes: limit.num_minutes() })
    } else if now >= stops_at - policy.warn_before && desktop.warned_at < desktop.last_use() {
        Verdict::Warn
    } else {
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{IdlePolicy, Verdict, decide};
    use crate::{
        desktop::{DesktopState, testing},
        why::Why,
    };

    const POLICY: IdlePolicy =
        IdlePolicy { idle_after: Some(TimeDelta::minutes(45)), warn_before: TimeDelta::minutes(5) };

    #[test]
    fn idleness_counts_from_the_last_use_not_from_the_start() {
        let start = testing::epoch();
        let mut desktop = testing::running(start);
        assert_eq!(decide(&desktop, &POLICY, start + TimeDelta::minutes(39)), Verdict::Keep);
        assert_eq!(decide(&desktop, &POLICY, start + TimeDelta::minutes(40)), Verdict::Warn);
        desktop.warned_at = Some(start + TimeDelta::minutes(40));
        assert_eq!(decide(&desktop, &POLICY, start + TimeDelta::minutes(41)), Verdict::Keep);
        assert_eq!(decide(&desktop, &POLICY, start + TimeDelta::minutes(45)), Verdict::Stop(Why::Idle { minutes: 45 }));
        desktop.last_input_at = Some(start + TimeDelta::minutes(44));
        assert_eq!(decide(&desktop, &POLICY, start + TimeDelta::minutes(45)), Verdict::Keep);
        assert_eq!(decide(&desktop, &POLICY, start + TimeDelta::minutes(84)), Verdict::Warn);
        desktop.extended_at = Some(start + TimeDelta::minutes(85));
        assert_eq!(decide(&desktop, &POLICY, start + TimeDelta::minutes(90)), Verdict::Keep);
    }

    #[test]
    fn what_does_not_run_is_left_alone() {
        let start = testing::epoch();
        for state in DesktopState::ALL.iter().copied().filter(|state| *state != DesktopState::Running) {
            let desktop = crate::desktop::Desktop { state, ..testing::running(start) };
            assert_eq!(decide(&desktop, &POLICY, start + TimeDelta::days(9)), Verdict::Keep);
        }
    }

    #[test]
    fn without_a_limit_nothing_is_stopped() {
        let start = testing::epoch();
        let policy = IdlePolicy { idle_after: None, ..POLICY };
        assert_eq!(decide(&testing::running(start), &policy, start + TimeDelta::days(9)), Verdict::Keep);
    }
}
