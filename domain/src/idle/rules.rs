use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::IdlePolicy;
use crate::access::Role;

/// The limits of an installation: the usual ones, and those of roles that have others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdleRules {
    usual: IdlePolicy,
    roles: BTreeMap<Role, IdlePolicy>,
}

/// Limits that a template sets for its own desktops. What it does not set is as the owner's role has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnLimits {
    /// Unused for this long, they are stopped.
    pub idle_after: Option<TimeDelta>,
    /// Running for this long, they are stopped.
    pub max_lifetime: Option<TimeDelta>,
    /// Whether they are stopped when the schedule stops everything.
    pub nightly_stop: Option<bool>,
}

impl From<IdlePolicy> for IdleRules {
    /// The same limits for everybody.
    fn from(usual: IdlePolicy) -> Self {
        Self { usual, roles: BTreeMap::new() }
    }
}

impl IdleRules {
    /// A role has limits of its own.
    #[must_use]
    pub fn with(mut self, role: Role, policy: IdlePolicy) -> Self {
        self.roles.insert(role, policy);
        self
    }

    /// The limits for one desktop: its template's, else its owner's role's, else the usual ones.
    pub fn policy(&self, owner: Role, own: &OwnLimits) -> IdlePolicy {
        let role = self.roles.get(&owner).unwrap_or(&self.usual);
        IdlePolicy {
            idle_after: own.idle_after.or(role.idle_after),
            max_lifetime: own.max_lifetime.or(role.max_lifetime),
            nightly_stop: own.nightly_stop.unwrap_or(role.nightly_stop),
            ..*role
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{IdleRules, OwnLimits};
    use crate::{access::Role, idle::IdlePolicy};

    #[test]
    fn a_template_is_asked_first_then_the_role_then_the_installation() {
        let usual = IdlePolicy { idle_after: Some(TimeDelta::minutes(45)), nightly_stop: true, ..IdlePolicy::NONE };
        let longer = IdlePolicy { idle_after: Some(TimeDelta::hours(2)), ..usual };
        let rules = IdleRules::from(usual).with(Role::Teacher, longer);
        assert_eq!(rules.policy(Role::Student, &OwnLimits::default()), usual);
        assert_eq!(rules.policy(Role::Teacher, &OwnLimits::default()), longer);
        let own = OwnLimits { idle_after: Some(TimeDelta::minutes(5)), ..OwnLimits::default() };
        assert_eq!(rules.policy(Role::Teacher, &own).idle_after, own.idle_after);
        let exempt = OwnLimits { nightly_stop: Some(false), ..OwnLimits::default() };
        assert_eq!(rules.policy(Role::Teacher, &exempt), IdlePolicy { nightly_stop: false, ..longer });
    }
}
