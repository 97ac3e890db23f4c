//! Who may do what. One policy for REST, pages, streams and events: [`Action::rule`] is all of it.
//!
//! Whoever may do something gets a *handle* for it, which nothing else makes; what changes a desktop, or leads into
//! one, takes the handle and not an id, so that a call that was not allowed cannot be written.

mod grant;
mod handles;
#[cfg(test)]
mod model;
mod policy;
#[cfg(test)]
mod table;

pub use grant::{Grant, Terms};
pub use handles::{Grantable, Managed, Opened, Reach, Wishing};
pub use policy::{Action, Rule, Whose};

use crate::{GroupId, SessionId, TokenId, UserId, text::words};

words! {
    /// What somebody is at this school. Ordered: each may all that the one before it may.
    Role, "role" {
        /// A pupil.
        Student = "student",
        /// A teacher.
        Teacher = "teacher",
        /// Somebody who runs the installation.
        Admin = "admin",
    }
}

words! {
    /// Whether a user is somebody, or a program.
    UserKind, "kind of user" {
        /// Somebody who signs in.
        Person = "person",
        /// A program, that comes with a token and never signs in.
        Service = "service",
    }
}

words! {
    /// What an API token is good for. A token never exceeds its user's role.
    Scope, "scope" {
        /// See desktops and their events.
        DesktopsRead = "desktops:read",
        /// Start, stop, extend, reset and remove desktops.
        DesktopsWrite = "desktops:write",
        /// Open desktops: their pages and streams.
        DesktopsOpen = "desktops:open",
        /// Take, and give back, the right to look into somebody else's desktop.
        GrantsWrite = "grants:write",
        /// See templates.
        TemplatesRead = "templates:read",
        /// Make, edit and remove templates, and pull images.
        TemplatesWrite = "templates:write",
        /// See assignments.
        AssignmentsRead = "assignments:read",
        /// Make, edit and remove assignments.
        AssignmentsWrite = "assignments:write",
        /// See lessons.
        LessonsRead = "lessons:read",
        /// Begin and end lessons.
        LessonsWrite = "lessons:write",
        /// See who reaches less of the network for a while.
        NetworkRead = "network:read",
        /// Have somebody reach less of the network for a while, and end that.
        NetworkWrite = "network:write",
        /// See users and groups.
        UsersRead = "users:read",
        /// Hand out all that is known of a person.
        UsersExport = "users:export",
        /// Delete users.
        UsersWrite = "users:write",
        /// Tell of people, groups and memberships.
        ProvisioningWrite = "provisioning:write",
        /// See, make and revoke one's own tokens.
        TokensWrite = "tokens:write",
        /// See and end sessions.
        SessionsWrite = "sessions:write",
        /// Read the audit log.
        AuditRead = "audit:read",
        /// See webhooks, and what became of their messages.
        WebhooksRead = "webhooks:read",
        /// Make, edit, test and remove webhooks, and send messages again.
        WebhooksWrite = "webhooks:write",
        /// See the schedule.
        ScheduleRead = "schedule:read",
        /// Have a job of the schedule run now.
        ScheduleRun = "schedule:run",
    }
}

/// What somebody presented to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A browser's session.
    Session(SessionId),
    /// An API token with its scopes; no scope at all means every one.
    Token(TokenId, Vec<Scope>),
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub user: UserId,
    /// Name to sign in with, and to show.
    pub username: String,
    /// Full name.
    pub display_name: String,
    /// What they are.
    pub role: Role,
    /// The groups they belong to.
    pub groups: Vec<GroupId>,
    /// How they came in.
    pub credential: Credential,
}

/// Why something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The token was not made for this.
    #[error("the token lacks the scope `{0}`")]
    Scope(Scope),
    /// Only somebody of this role, or above, may.
    #[error("this needs the role `{0}`")]
    Role(Role),
    /// It belongs to somebody else.
    #[error("this belongs to somebody else")]
    NotOwner,
    /// An administrator looks into somebody else's desktop with a reason, for a while, or not at all.
    #[error("this desktop belongs to somebody else, and there is no grant to look into it")]
    NoGrant,
    /// The template is not given to them.
    #[error("the template is not given to the caller")]
    NotGiven,
}

/// To whom a template is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// To everybody who can sign in.
    Everyone,
    /// To a group.
    Group(GroupId),
    /// To one person.
    User(UserId),
}

impl Principal {
    /// Whether the credential covers a scope.
    pub fn require_scope(&self, scope: Scope) -> Result<(), Refusal> {
        match &self.credential {
            Credential::Token(_, scopes) if !scopes.is_empty() && !scopes.contains(&scope) => {
                Err(Refusal::Scope(scope))
            }
            Credential::Token(..) | Credential::Session(_) => Ok(()),
        }
    }

    /// Whether the role is at least this one.
    pub fn require_role(&self, role: Role) -> Result<(), Refusal> {
        if self.role >= role { Ok(()) } else { Err(Refusal::Role(role)) }
    }

    /// Whether templates' technical fields are shown.
    pub fn sees_inside_templates(&self) -> bool {
        self.role == Role::Admin
    }

    /// What the web app offers, as words.
    pub fn capabilities(&self) -> Vec<&'static str> {
        let mut capabilities = vec!["desktops"];
        if self.role >= Role::Teacher {
            capabilities.extend(["assignments", "users"]);
        }
        if self.role >= Role::Admin {
            capabilities.extend(["templates", "all_desktops", "audit", "schedule"]);
        }
        capabilities
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{Action, Credential, Grant, Principal, Refusal, Role, Scope};
    use crate::{DesktopId, GrantId, GroupId, SessionId, TokenId, UserId, desktop::testing};

    fn principal(role: Role, credential: Credential) -> Principal {
        Principal {
            user: UserId::new(),
            username: "someone".to_owned(),
            display_name: "Someone".to_owned(),
            role,
            groups: Vec::new(),
            credential,
        }
    }

    fn session() -> Credential {
        Credential::Session(SessionId::new())
    }

    #[test]
    fn only_the_owner_looks_into_a_desktop() {
        let desktop = testing::running(testing::epoch());
        for role in Role::ALL.iter().copied() {
            let stranger = principal(role, session());
            let open = |principal: &Principal| {
                principal.may_open(desktop.id, desktop.owner, [], testing::epoch()).map(|opened| opened.grant())
            };
            let why = if role == Role::Admin { Refusal::NoGrant } else { Refusal::NotOwner };
            assert_eq!(open(&stranger), Err(why));
            assert_eq!(stranger.may_manage(&desktop).is_ok(), role == Role::Admin);
            let owner = Principal { user: desktop.owner, ..stranger };
            assert_eq!(open(&owner), Ok(None));
        }
    }

    #[test]
    fn an_administrator_looks_into_a_desktop_while_they_hold_a_grant_for_it() {
        let (now, desktop) = (testing::epoch(), testing::running(testing::epoch()));
        let admin = principal(Role::Admin, session());
        let until = now + TimeDelta::minutes(30);
        let grant = Grant { id: GrantId::new(), desktop: desktop.id, holder: admin.user, until };
        let open = |principal: &Principal, grant: &Grant, at| {
            principal.may_open(desktop.id, desktop.owner, [grant], at).map(|opened| opened.grant())
        };
        assert_eq!(open(&admin, &grant, until - TimeDelta::microseconds(1)), Ok(Some(grant.id)));
        assert_eq!(open(&admin, &grant, until), Err(Refusal::NoGrant), "it is over");
        let demoted = Principal { role: Role::Teacher, ..admin.clone() };
        assert_eq!(open(&demoted, &grant, now), Err(Refusal::NotOwner), "it is an administrator's");
        for other in [Grant { desktop: DesktopId::new(), ..grant }, Grant { holder: UserId::new(), ..grant }] {
            assert_eq!(open(&admin, &other, now), Err(Refusal::NoGrant), "{other:?}");
        }
        let later = Grant { id: GrantId::new(), until: until + TimeDelta::hours(1), ..grant };
        let opened = admin.may_open(desktop.id, desktop.owner, [&later, &grant], now).expect("either is enough");
        assert_eq!(opened.grant(), Some(later.id), "of several the one that lasts longest");
        let own = Principal { user: desktop.owner, ..admin };
        assert_eq!(open(&own, &Grant { holder: own.user, ..grant }, now), Ok(None), "an owner needs none");
    }

    #[test]
    fn teachers_act_for_their_own_groups_and_administrators_for_all() {
        let (own, other) = (GroupId::new(), GroupId::new());
        let with = |role| Principal { groups: vec![own], ..principal(role, session()) };
        let may = |role, groups: &[GroupId]| {
            let principal = with(role);
            principal.may(Action::WriteLessons, principal.whose(None, groups))
        };
        assert_eq!(may(Role::Student, &[own]), Err(Refusal::Role(Role::Teacher)));
        assert_eq!(may(Role::Teacher, &[other, own]), Ok(()));
        for groups in [&[other][..], &[]] {
            assert_eq!(may(Role::Teacher, groups), Err(Refusal::Role(Role::Admin)));
            assert_eq!(may(Role::Admin, groups), Ok(()));
        }
    }

    #[test]
    fn a_token_is_held_to_its_scopes() {
        let desktop = testing::running(testing::epoch());
        let token = |scopes| Credential::Token(TokenId::new(), scopes);
        let narrow = Principal { user: desktop.owner, ..principal(Role::Admin, token(vec![Scope::DesktopsRead])) };
        let open =
            |principal: &Principal| principal.may_open(desktop.id, desktop.owner, [], testing::epoch()).map(drop);
        assert_eq!(narrow.may_see(&desktop), Ok(()));
        assert_eq!(open(&narrow), Err(Refusal::Scope(Scope::DesktopsOpen)));
        let wide = Principal { user: desktop.owner, ..principal(Role::Student, token(Vec::new())) };
        assert_eq!(open(&wide), Ok(()));
    }
}
