use super::{Principal, Refusal, Role, Scope};
use crate::{GroupId, UserId, text::words};

words! {
    /// What somebody may want to do.
    Action, "action" {
        /// See that a desktop is there and how it is, and who may look into it.
        SeeDesktop = "see a desktop",
        /// Start, stop, extend, reset or remove it.
        ManageDesktop = "start, stop, extend, reset, remove a desktop",
        /// Look into it: its pages and its stream.
        OpenDesktop = "open a desktop",
        /// Have a desktop of a template.
        WantDesktop = "want a desktop of a template",
        /// Take, with a reason and for a while, the right to open somebody else's desktop; or give it back.
        GrantLook = "take and end a grant to open a desktop",
        /// See templates.
        SeeTemplates = "see a template",
        /// Make, edit and remove templates, and pull images.
        WriteTemplates = "make, edit, remove a template",
        /// See how work goes that takes long.
        SeeJobs = "see jobs",
        /// Give a template to a group or to one of its people; to everybody is to others.
        GiveTemplate = "give a template to a group or somebody",
        /// See an assignment.
        SeeAssignments = "see an assignment",
        /// Change an assignment, or take it back.
        WriteAssignments = "change, take back an assignment",
        /// See lessons.
        SeeLessons = "see a lesson",
        /// Begin and end lessons.
        WriteLessons = "begin, end a lesson",
        /// See who reaches less of the network for a while.
        SeeRestrictions = "see who reaches less of the network",
        /// Have a group, or the desktop of one of its people, reach less of the network for a while; end that.
        Restrict = "restrict what a group or a desktop of its people reaches",
        /// See people and groups.
        SeePeople = "see people and groups",
        /// See who looked into a desktop.
        SeeLooks = "see who looked into a desktop",
        /// Have all that is known of a person.
        ExportPerson = "have all that is known of a person",
        /// Delete somebody, and what is known of them.
        DeletePerson = "delete somebody",
        /// Tell of people, groups and who belongs to them, by hand, by file or by the school's own list; see what was told.
        Provision = "tell of people and groups",
        /// See, make, change and close service accounts and their tokens.
        ManageServices = "manage service accounts",
        /// See identity providers, and who they would make of somebody.
        SeeIdentity = "see identity providers, ask who somebody would be",
        /// See and end sessions.
        ManageSessions = "see and end sessions",
        /// See, make and revoke API tokens.
        ManageTokens = "see, make, revoke a token",
        /// Read the audit log.
        ReadAudit = "read the audit log",
        /// See webhooks and what became of their messages.
        SeeWebhooks = "see webhooks and their deliveries",
        /// Make, edit, test, remove webhooks, send a message again.
        WriteWebhooks = "make, edit, test, remove a webhook, replay a delivery",
        /// See the schedule.
        SeeSchedule = "see the schedule",
        /// Have a job of the schedule run now.
        RunSchedule = "run a job of the schedule",
    }
}

/// The least role that may do something, by what it is done to. Where several hold, the lowest counts; absent is nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What a token has to be good for.
    pub scope: Scope,
    /// With what is one's own: one's desktop, session, token, an assignment that one made, a template one was given.
    pub own: Option<Role>,
    /// With what belongs to a group that one is in: the group, its people and its lessons.
    pub group: Option<Role>,
    /// With a desktop that one holds a grant for.
    pub granted: Option<Role>,
    /// With whatever there is.
    pub any: Option<Role>,
}

/// What something is to somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Whose {
    /// It is theirs.
    pub own: bool,
    /// It belongs to a group of theirs.
    pub group: bool,
    /// They hold a grant for it.
    pub granted: bool,
}

impl Action {
    /// The policy.
    pub const fn rule(self) -> Rule {
        use Role::{Admin, Student, Teacher};
        match self {
            Self::SeeDesktop => Rule::new(Scope::DesktopsRead).own(Student).any(Admin),
            Self::ManageDesktop => Rule::new(Scope::DesktopsWrite).own(Student).any(Admin),
            Self::OpenDesktop => Rule::new(Scope::DesktopsOpen).own(Student).granted(Admin),
            Self::WantDesktop => Rule::new(Scope::DesktopsWrite).own(Student),
            Self::GrantLook => Rule::new(Scope::GrantsWrite).any(Admin),
            Self::SeeTemplates => Rule::new(Scope::TemplatesRead).own(Student).any(Admin),
            Self::WriteTemplates => Rule::new(Scope::TemplatesWrite).any(Admin),
            Self::SeeJobs => Rule::new(Scope::TemplatesRead).any(Admin),
            Self::GiveTemplate => Rule::new(Scope::AssignmentsWrite).group(Teacher).any(Admin),
            Self::SeeAssignments => Rule::new(Scope::AssignmentsRead).own(Teacher).any(Admin),
            Self::WriteAssignments => Rule::new(Scope::AssignmentsWrite).own(Teacher).any(Admin),
            Self::SeeLessons => Rule::new(Scope::LessonsRead).group(Teacher).any(Admin),
            Self::WriteLessons => Rule::new(Scope::LessonsWrite).group(Teacher).any(Admin),
            Self::SeeRestrictions => Rule::new(Scope::NetworkRead).group(Teacher).any(Admin),
            Self::Restrict => Rule::new(Scope::NetworkWrite).group(Teacher).any(Admin),
            Self::SeePeople => Rule::new(Scope::UsersRead).group(Teacher).any(Admin),
            Self::SeeLooks => Rule::new(Scope::DesktopsRead).own(Student),
            Self::ExportPerson => Rule::new(Scope::UsersExport).own(Student).any(Admin),
            Self::DeletePerson => Rule::new(Scope::UsersWrite).any(Admin),
            Self::Provision => Rule::new(Scope::ProvisioningWrite).any(Admin),
            Self::ManageServices => Rule::new(Scope::TokensWrite).any(Admin),
            Self::SeeIdentity => Rule::new(Scope::UsersRead).any(Admin),
            Self::ManageSessions => Rule::new(Scope::SessionsWrite).own(Student).any(Admin),
            Self::ManageTokens => Rule::new(Scope::TokensWrite).own(Student),
            Self::ReadAudit => Rule::new(Scope::AuditRead).any(Admin),
            Self::SeeWebhooks => Rule::new(Scope::WebhooksRead).any(Admin),
            Self::WriteWebhooks => Rule::new(Scope::WebhooksWrite).any(Admin),
            Self::SeeSchedule => Rule::new(Scope::ScheduleRead).any(Admin),
            Self::RunSchedule => Rule::new(Scope::ScheduleRun).any(Admin),
        }
    }
}

impl Rule {
    const fn new(scope: Scope) -> Self {
        Self { scope, own: None, group: None, granted: None, any: None }
    }

    const fn own(self, least: Role) -> Self {
        Self { own: Some(least), ..self }
    }

    const fn group(self, least: Role) -> Self {
        Self { group: Some(least), ..self }
    }

    const fn granted(self, least: Role) -> Self {
        Self { granted: Some(least), ..self }
    }

    const fn any(self, least: Role) -> Self {
        Self { any: Some(least), ..self }
    }

    /// The least role that may, with something that is this to them.
    fn least(self, whose: Whose) -> Option<Role> {
        let holding =
            [(whose.own, self.own), (whose.group, self.group), (whose.granted, self.granted), (true, self.any)];
        holding.into_iter().filter_map(|(holds, least)| least.filter(|_| holds)).min()
    }
}

/// Something that is whatever it can be to somebody.
const AT_BEST: Whose = Whose { own: true, group: true, granted: true };

impl Principal {
    /// Whether somebody may do this with something that is `whose` to them.
    pub fn may(&self, action: Action, whose: Whose) -> Result<(), Refusal> {
        let rule = action.rule();
        self.require_scope(rule.scope)?;
        let least = rule.least(whose);
        if least.is_some_and(|least| self.role >= least) {
            return Ok(());
        }
        let is_others = rule.own.is_some_and(|least| self.role >= least);
        Err(match least {
            _ if is_others && self.role == Role::Admin && action == Action::OpenDesktop => Refusal::NoGrant,
            _ if is_others && action == Action::WantDesktop => Refusal::NotGiven,
            Some(least) if !is_others => Refusal::Role(least),
            _ => Refusal::NotOwner,
        })
    }

    /// Whether there can be anything with which somebody may do this: asked before it is known with what, so that who
    /// may not at all learns nothing of what there is.
    pub fn may_at_best(&self, action: Action) -> Result<(), Refusal> {
        self.may(action, AT_BEST)
    }

    /// Whether somebody may do this with whatever there is.
    pub fn may_with_any(&self, action: Action) -> Result<(), Refusal> {
        let rule = action.rule();
        self.require_scope(rule.scope)?;
        self.require_role(rule.any.ok_or(Refusal::NotOwner)?)
    }

    /// What something is to them that somebody owns or made, and that belongs to groups.
    pub fn whose(&self, owner: Option<UserId>, groups: &[GroupId]) -> Whose {
        let group = groups.iter().any(|group| self.groups.contains(group));
        Whose { own: owner == Some(self.user), group, granted: false }
    }
}
