use std::time::Duration;

use chrono::TimeDelta;
use domain::idle::{IdlePolicy, IdleRules};

use super::settings::{Limit, Reaper};

/// The longest span, in days: far beyond any school year, and within what can be counted from any moment.
const LONGEST_DAYS: i64 = 3650;

/// When desktops are warned and stopped; or the key that is wrong, and what was expected of it.
pub(crate) fn limits(reaper: &Reaper) -> Result<IdleRules, (String, &'static str)> {
    let usual = IdlePolicy {
        idle_after: limit("reaper.idle_after", reaper.idle_after)?,
        max_lifetime: limit("reaper.max_lifetime", reaper.max_lifetime)?,
        warn_before: warning("reaper.warn_before", reaper.warn_before)?,
        nightly_stop: true,
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

fn countable(span: Duration) -> Option<TimeDelta> {
    TimeDelta::from_std(span).ok().filter(|span| *span <= TimeDelta::days(LONGEST_DAYS))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use chrono::TimeDelta;
    use domain::{access::Role, idle::OwnLimits};

    use super::limits;
    use crate::config::settings::{Limit, Reaper, RoleLimits};

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
