//! What somebody may do, as values. Each is made here alone, after the policy was asked.

use super::{Action, Given, Grant, Principal, Refusal, Whose};
use crate::{DesktopId, GrantId, GroupId, Timestamp, UserId, desktop::Desktop};

/// A desktop that somebody may start, stop, extend, reset or remove.
#[derive(Debug, Clone, Copy)]
pub struct Managed<'a> {
    desktop: &'a Desktop,
    by: &'a Principal,
}

impl Managed<'_> {
    /// Which desktop.
    pub fn desktop(&self) -> DesktopId {
        self.desktop.id
    }

    /// Whether it is somebody else's.
    pub fn is_others(&self) -> bool {
        self.desktop.owner != self.by.user
    }
}

/// A desktop that somebody may look into: its owner, or the holder of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    desktop: DesktopId,
    grant: Option<GrantId>,
}

impl Opened {
    /// Which desktop.
    pub fn desktop(&self) -> DesktopId {
        self.desktop
    }

    /// The grant without which they might not.
    pub fn grant(&self) -> Option<GrantId> {
        self.grant
    }
}

/// A desktop of somebody else for which an administrator may take a grant.
#[derive(Debug, Clone, Copy)]
pub struct Grantable<'a> {
    desktop: &'a Desktop,
    holder: UserId,
}

impl Grantable<'_> {
    /// Which desktop.
    pub fn desktop(&self) -> DesktopId {
        self.desktop.id
    }

    /// Who would look into it.
    pub fn holder(&self) -> UserId {
        self.holder
    }
}

/// Somebody who may have a desktop of a template.
#[derive(Debug, Clone, Copy)]
pub struct Wishing<'a>(&'a Principal);

impl<'a> Wishing<'a> {
    /// Who.
    pub fn by(&self) -> &'a Principal {
        self.0
    }
}

/// How much of a list somebody sees.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    principal: &'a Principal,
    is_everything: bool,
}

impl<'a> Reach<'a> {
    /// What belongs to these groups; everything where there are none named.
    pub fn groups(&self) -> Option<&'a [GroupId]> {
        (!self.is_everything).then_some(self.principal.groups.as_slice())
    }

    /// What is this person's; everything where there is none named.
    pub fn owner(&self) -> Option<UserId> {
        (!self.is_everything).then_some(self.principal.user)
    }
}

impl Principal {
    /// Whether somebody may see a desktop.
    pub fn may_see(&self, desktop: &Desktop) -> Result<(), Refusal> {
        self.may(Action::SeeDesktop, self.whose(Some(desktop.owner), &[]))
    }

    /// Lets somebody change what is wanted of a desktop.
    pub fn may_manage<'a>(&'a self, desktop: &'a Desktop) -> Result<Managed<'a>, Refusal> {
        self.may(Action::ManageDesktop, self.whose(Some(desktop.owner), &[]))?;
        Ok(Managed { desktop, by: self })
    }

    /// Lets somebody look into a desktop of this owner: the owner, or an administrator who holds one of these grants.
    /// Of several it is the one that lasts longest.
    pub fn may_open<'g>(
        &self,
        desktop: DesktopId,
        owner: UserId,
        grants: impl IntoIterator<Item = &'g Grant>,
        now: Timestamp,
    ) -> Result<Opened, Refusal> {
        let is_theirs = |grant: &&Grant| grant.desktop == desktop && grant.holder == self.user && grant.is_live(now);
        let grant = grants.into_iter().filter(is_theirs).max_by_key(|grant| grant.until);
        let own = owner == self.user;
        self.may(Action::OpenDesktop, Whose { own, granted: grant.is_some(), group: false })?;
        Ok(Opened { desktop, grant: grant.filter(|_| !own).map(|grant| grant.id) })
    }

    /// Lets an administrator take a grant for a desktop. None where it is their own, which needs no grant.
    pub fn may_take_grant<'a>(&self, desktop: &'a Desktop) -> Result<Option<Grantable<'a>>, Refusal> {
        self.may_with_any(Action::GrantLook)?;
        Ok((desktop.owner != self.user).then_some(Grantable { desktop, holder: self.user }))
    }

    /// Lets somebody have a desktop of a template that is offered, and given to these.
    pub fn may_want(&self, is_offered: bool, given: &[Given]) -> Result<Wishing<'_>, Refusal> {
        let is_theirs = |given: &Given| match given {
            Given::Everyone => true,
            Given::Group(group) => self.groups.contains(group),
            Given::User(user) => *user == self.user,
        };
        let own = is_offered && given.iter().any(is_theirs);
        self.may(Action::WantDesktop, Whose { own, ..Whose::default() })?;
        Ok(Wishing(self))
    }

    /// How much somebody sees of what an action lists.
    pub fn reach(&self, action: Action) -> Result<Reach<'_>, Refusal> {
        self.may_at_best(action)?;
        Ok(Reach { principal: self, is_everything: self.may(action, Whose::default()).is_ok() })
    }
}
