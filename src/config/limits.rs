use std::time::Duration;

use chrono::TimeDelta;
use domain::idle::{IdlePolicy, IdleRules};

use super::settings::{Limit, Reaper, Share};

/// The longest span, in days: far beyond any school year, and within what can be counted from any moment.
const LONGEST_DAYS: i64 = 3650;

/// When desktops are warned and stopped; or the key that is wrong, and what was expected of it.
pub(crate) fn limits(reaper: &Reaper) -> Result<IdleRules, (String, &'static str)> {
    let usual = IdlePolicy {
        idle_after: limit("reaper.idle_after", reaper.idle_after)?,
        max_lifetime: limit("reaper.max_lifetime", reaper.max_lifetime)?,
        warn_before: warning("reaper.warn_before", reaper.warn_before)?,
        nightly_stop: true,
        busy_above: share("reaper.busy_above", reaper.busy_above)?,
    };
    let mut rules = IdleRules::from(usual);
    for (role, own) in &reaper.roles {
        let key = |name: &str| format!("reaper.roles.{role}.{name}");
        let own_limit = |name: &str, own: Option<Limit>, usual: Option<TimeDelta>| {
            own.map_or(Ok(usual), |Limit(span)| limit(&key(name), span))
        };
        let policy = IdlePolicy {
            idle_after: own_limit("idle_after", own.idle_after, usual.idle_after)?,
            max_lifetime: own_limit("max_lifetime", own.max_lifetime, usual.max_lifetime)?,
            warn_before: own.warn_before.map_or(Ok(usual.warn_before), |span| warning(&key("warn_before"), span))?,
            nightly_stop: own.nightly_stop.unwrap_or(usual.nightly_stop),
            busy_above: own.busy_above.map_or(Ok(usual.busy_above), |above| share(&key("busy_above"), above))?,
        };
        rules = rules.with(*role, policy);
    }
    Ok(rules)
}

fn limit(key: &str, span: Option<Duration>) -> Result<Option<TimeDelta>, (String, &'static str)> {
    let expected = || (key.to_owned(), "expected a span of 1s to 3650d, or `never`");
    span.map(|span| countable(span).filter(|span| *span >= TimeDelta::seconds(1)).ok_or_else(expected)).transpose()
}

fn warning(key: &str, span: Duration) -> Result<TimeDelta, (String, &'static str)> {
    countable(span).ok_or_else(|| (key.to_owned(), "expected a span of at most 3650d"))
}

/// A share of one processor, as the processor time in each second.
fn share(key: &str, Share(share): Share) -> Result<Option<Duration>, (String, &'static str)> {
    let is_share = |share: &f64| (0.01..=1000.0).contains(share);
    let expected = || (key.to_owned(), "expected a share of one processor from 0.01 to 1000, such as 0.5, or `never`");
    share.map(|share| Some(share).filter(is_share).map(Duration::from_secs_f64).ok_or_else(expected)).transpose()
}

fn countable(span: Duration) -> Option<TimeDelta> {
    TimeDelta::from_std(span).ok().filter(|span| *span <= TimeDelta::days(LONGEST_DAYS))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use chrono::TimeDelta;
    use domain::{access::Role, idle::OwnLimits};

    use super::limits;
    use crate::config::settings::{Limit, Reaper, RoleLimits, Share};

    fn with(teacher: RoleLimits) -> Reaper {
        Reaper { roles: BTreeMap::from([(Role::Teacher, teacher)]), ..Reaper::default() }
    }

    #[test]
    fn what_is_not_said_of_a_role_is_as_for_everybody() {
        let reaper =
            with(RoleLimits { idle_after: Some(Limit(None)), nightly_stop: Some(false), ..RoleLimits::default() });
        let rules = limits(&reaper).expect("all is well");
        let of = |role| rules.policy(role, &OwnLimits::default());
        assert_eq!(of(Role::Student).idle_after, Some(TimeDelta::minutes(45)));
        assert_eq!(of(Role::Teacher).idle_after, None);
        assert_eq!(of(Role::Teacher).warn_before, TimeDelta::minutes(5));
        assert_eq!(of(Role::Teacher).max_lifetime, None);
        assert!(of(Role::Student).nightly_stop && !of(Role::Teacher).nightly_stop);
    }

    #[test]
    fn what_is_busy_is_a_share_of_one_processor() {
        let busy = |usual, teacher| {
            let roles = with(RoleLimits { busy_above: teacher, ..RoleLimits::default() });
            let rules = limits(&Reaper { busy_above: Share(usual), ..roles })?;
            Ok([Role::Student, Role::Teacher].map(|role| rules.policy(role, &OwnLimits::default()).busy_above))
        };
        let half = Some(Duration::from_millis(500));
        assert_eq!(busy(None, None), Ok([None, None]));
        assert_eq!(busy(Some(0.5), None), Ok([half, half]));
        assert_eq!(busy(Some(0.5), Some(Share(None))), Ok([half, None]));
        assert_eq!(busy(None, Some(Share(Some(0.5)))), Ok([None, half]));
        for wrong in [0.0, -1.0, 1001.0, f64::NAN, f64::INFINITY] {
            let (key, _): (String, &str) = busy(Some(wrong), None).expect_err("no share");
            assert_eq!(key, "reaper.busy_above", "{wrong}");
        }
    }

    #[test]
    fn the_wrong_key_is_named() {
        let none = Some(Limit(Some(Duration::ZERO)));
        let reaper = with(RoleLimits { max_lifetime: none, ..RoleLimits::default() });
        let (key, expected) = limits(&reaper).expect_err("no time at all");
        assert_eq!(
            (key.as_str(), expected),
            ("reaper.roles.teacher.max_lifetime", "expected a span of 1s to 3650d, or `never`")
        );
        let reaper = Reaper { warn_before: Duration::MAX, ..Reaper::default() };
        assert_eq!(limits(&reaper).expect_err("too long").0, "reaper.warn_before");
    }
}
