//! Who may do what. One policy for REST, pages, streams and events.

use crate::{GroupId, SessionId, TokenId, UserId, desktop::Desktop, text::words};

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
        /// See users and groups.
        UsersRead = "users:read",
        /// Tell of people, groups and memberships.
        ProvisioningWrite = "provisioning:write",
        /// See, make and revoke one's own tokens.
        TokensWrite = "tokens:write",
        /// Read the audit log.
        AuditRead = "audit:read",
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
}

/// What can be done with a desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DesktopAction {
    /// See that it is there and how it is.
    See,
    /// Start, stop, extend, reset or remove it.
    Manage,
    /// Look into it: its pages and its stream.
    Open,
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

    /// Whether something may be done for one of these groups: by a teacher who is in one of them, and by an administrator.
    pub fn require_one_of(&self, groups: &[GroupId]) -> Result<(), Refusal> {
        let is_theirs = groups.iter().any(|group| self.groups.contains(group));
        self.require_role(if is_theirs { Role::Teacher } else { Role::Admin })
    }

    /// Whether something may be done with a desktop: by its owner anything, by an administrator everything but
    /// looking into it.
    pub fn may(&self, action: DesktopAction, desktop: &Desktop) -> Result<(), Refusal> {
        self.may_with_owner(action, desktop.owner)
    }

    /// The same, where only the owner is known.
    pub fn may_with_owner(&self, action: DesktopAction, owner: UserId) -> Result<(), Refusal> {
        self.require_scope(match action {
            DesktopAction::See => Scope::DesktopsRead,
            DesktopAction::Manage => Scope::DesktopsWrite,
            DesktopAction::Open => Scope::DesktopsOpen,
        })?;
        let allowed = owner == self.user || (self.role == Role::Admin && action != DesktopAction::Open);
        if allowed { Ok(()) } else { Err(Refusal::NotOwner) }
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
    use super::{Credential, DesktopAction, Principal, Refusal, Role, Scope};
    use crate::{GroupId, SessionId, TokenId, UserId, desktop::testing};

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
            assert_eq!(stranger.may(DesktopAction::Open, &desktop), Err(Refusal::NotOwner));
            assert_eq!(stranger.may(DesktopAction::Manage, &desktop).is_ok(), role == Role::Admin);
            let owner = Principal { user: desktop.owner, ..stranger };
            assert_eq!(owner.may(DesktopAction::Open, &desktop), Ok(()));
        }
    }

    #[test]
    fn teachers_act_for_their_own_groups_and_administrators_for_all() {
        let (own, other) = (GroupId::new(), GroupId::new());
        let with = |role| Principal { groups: vec![own], ..principal(role, session()) };
        assert_eq!(with(Role::Student).require_one_of(&[own]), Err(Refusal::Role(Role::Teacher)));
        assert_eq!(with(Role::Teacher).require_one_of(&[other, own]), Ok(()));
        for groups in [&[other][..], &[]] {
            assert_eq!(with(Role::Teacher).require_one_of(groups), Err(Refusal::Role(Role::Admin)));
            assert_eq!(with(Role::Admin).require_one_of(groups), Ok(()));
        }
    }

    #[test]
    fn a_token_is_held_to_its_scopes() {
        let desktop = testing::running(testing::epoch());
        let token = |scopes| Credential::Token(TokenId::new(), scopes);
        let narrow = Principal { user: desktop.owner, ..principal(Role::Admin, token(vec![Scope::DesktopsRead])) };
        assert_eq!(narrow.may(DesktopAction::See, &desktop), Ok(()));
        assert_eq!(narrow.may(DesktopAction::Open, &desktop), Err(Refusal::Scope(Scope::DesktopsOpen)));
        let wide = Principal { user: desktop.owner, ..principal(Role::Student, token(Vec::new())) };
        assert_eq!(wide.may(DesktopAction::Open, &desktop), Ok(()));
    }
}
