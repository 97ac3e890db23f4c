//! A million questions to the policy, each also put to a second model of it. That one is written from the prose of the
//! rules (`docs/access.md`), knows nothing of [`Rule`](super::Rule), and looks everything up in the school itself.

use chrono::TimeDelta;
use fastrand::Rng;

use super::{Action, Credential, Given, Grant, Principal, Role, Scope};
use crate::{
    DesktopId, GrantId, GroupId, SessionId, TemplateId, Timestamp, TokenId, UserId,
    desktop::{Desktop, DesktopState, Wanted, testing},
};

const QUESTIONS: usize = 1_000_000;
const IN_EACH_SCHOOL: usize = 2_000;

/// People, what they have, and what was given to them. Whoever is meant is a place in a list.
struct School {
    people: Vec<Person>,
    groups: Vec<GroupId>,
    desktops: Vec<Desktop>,
    templates: Vec<Offer>,
    grants: Vec<Grant>,
    /// By whom each was made; some by nobody who is known.
    assignments: Vec<Option<UserId>>,
    /// Whose each is.
    lessons: Vec<GroupId>,
    sessions: Vec<UserId>,
    tokens: Vec<UserId>,
}

struct Person {
    id: UserId,
    role: Role,
    groups: Vec<GroupId>,
}

struct Offer {
    is_on: bool,
    given: Vec<Given>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
enum Question {
    SeeDesktop(usize),
    ManageDesktop(usize),
    OpenDesktop(usize, Timestamp),
    TakeGrant(usize),
    EndGrant,
    Want(usize),
    SeeOfferedTemplates,
    SeeEveryTemplate,
    WriteTemplate,
    SeeJobs,
    GiveToGroup(usize),
    GiveToPerson(usize),
    GiveToEveryone,
    SeeAssignment(usize),
    WriteAssignment(usize),
    SeeLesson(usize),
    WriteLesson(usize),
    RestrictGroup(usize),
    RestrictDesktopOf(usize),
    SeeRestrictionOf(usize),
    SeePerson(usize),
    SeeGroup(usize),
    SeeLooks(usize),
    ExportPerson(usize),
    DeletePerson,
    Provision,
    ManageServices,
    SeeIdentity,
    EndSession(usize),
    EndSessionsOf(usize),
    RevokeToken(usize),
    ReadAudit,
    SeeWebhooks,
    WriteWebhooks,
    SeeSchedule,
    RunSchedule,
}

impl School {
    fn any(dice: &mut Rng) -> Self {
        let groups: Vec<_> = (0..dice.usize(1..6)).map(|_| GroupId::new()).collect();
        let some_groups = |dice: &mut Rng| groups.iter().copied().filter(|_| dice.u8(0..3) == 0).collect::<Vec<_>>();
        let people: Vec<_> = (0..dice.usize(3..12))
            .map(|_| Person { id: UserId::new(), role: one(dice, Role::ALL), groups: some_groups(dice) })
            .collect();
        let ids: Vec<_> = people.iter().map(|person| person.id).collect();
        let desktops: Vec<_> = (0..dice.usize(1..8))
            .map(|_| {
                let state = testing::odd(one(dice, Wanted::ALL), one(dice, DesktopState::ALL));
                Desktop { id: DesktopId::new(), owner: one(dice, &ids), template: TemplateId::new(), ..state }
            })
            .collect();
        let given = |dice: &mut Rng| match dice.u8(0..8) {
            0 => Given::Everyone,
            1..=4 => Given::Group(one(dice, &groups)),
            _ => Given::User(one(dice, &ids)),
        };
        let templates = (0..4)
            .map(|_| Offer { is_on: dice.u8(0..4) > 0, given: (0..dice.usize(0..4)).map(|_| given(dice)).collect() })
            .collect();
        let grants = (0..dice.usize(0..30))
            .map(|_| Grant {
                id: GrantId::new(),
                desktop: one(dice, &desktops).id,
                holder: one(dice, &ids),
                until: moment(dice),
            })
            .collect();
        Self {
            assignments: (0..6).map(|_| dice.bool().then(|| one(dice, &ids))).collect(),
            lessons: (0..4).map(|_| one(dice, &groups)).collect(),
            sessions: (0..6).map(|_| one(dice, &ids)).collect(),
            tokens: (0..6).map(|_| one(dice, &ids)).collect(),
            people,
            groups,
            desktops,
            templates,
            grants,
        }
    }

    fn question(&self, dice: &mut Rng) -> Question {
        match dice.u8(0..42) {
            0 => Question::SeeDesktop(dice.usize(0..self.desktops.len())),
            1..=2 => Question::ManageDesktop(dice.usize(0..self.desktops.len())),
            3..=6 => Question::OpenDesktop(dice.usize(0..self.desktops.len()), moment(dice)),
            7 => Question::TakeGrant(dice.usize(0..self.desktops.len())),
            8 => Question::EndGrant,
            9..=10 => Question::Want(dice.usize(0..self.templates.len())),
            11 => Question::SeeOfferedTemplates,
            12 => Question::SeeEveryTemplate,
            13 => Question::WriteTemplate,
            14 => Question::SeeJobs,
            15 => Question::GiveToGroup(dice.usize(0..self.groups.len())),
            16 => Question::GiveToPerson(dice.usize(0..self.people.len())),
            17 => Question::GiveToEveryone,
            18 => Question::SeeAssignment(dice.usize(0..self.assignments.len())),
            19 => Question::WriteAssignment(dice.usize(0..self.assignments.len())),
            20 => Question::SeeLesson(dice.usize(0..self.lessons.len())),
            21 => Question::WriteLesson(dice.usize(0..self.lessons.len())),
            22..=23 => Question::SeePerson(dice.usize(0..self.people.len())),
            24 => Question::SeeGroup(dice.usize(0..self.groups.len())),
            25 => Question::SeeIdentity,
            26 => Question::EndSession(dice.usize(0..self.sessions.len())),
            27 => Question::EndSessionsOf(dice.usize(0..self.people.len())),
            28 => Question::RevokeToken(dice.usize(0..self.tokens.len())),
            29 => Question::ReadAudit,
            30 => Question::SeeSchedule,
            31 => Question::RestrictGroup(dice.usize(0..self.groups.len())),
            32 => Question::RestrictDesktopOf(dice.usize(0..self.people.len())),
            33 => Question::SeeRestrictionOf(dice.usize(0..self.groups.len())),
            34 => Question::SeeLooks(dice.usize(0..self.people.len())),
            35 => Question::ExportPerson(dice.usize(0..self.people.len())),
            36 => Question::DeletePerson,
            37 => Question::SeeWebhooks,
            38 => Question::WriteWebhooks,
            39 => Question::Provision,
            40 => Question::ManageServices,
            _ => Question::RunSchedule,
        }
    }

    /// The second model: the rules as they are told.
    fn naive(&self, who: &Person, scopes: Option<&[Scope]>, question: Question) -> bool {
        // a token is good for what its scopes name; a session, and a token without scopes, for everything
        let good_for = |scope: Scope| scopes.is_none_or(|scopes| scopes.is_empty() || scopes.contains(&scope));
        let student = who.role == Role::Student;
        let admin = who.role == Role::Admin;
        let is_in = |group: GroupId| who.groups.contains(&group);
        match question {
            // owners see and manage their desktops, administrators everybody's
            Question::SeeDesktop(d) => good_for(Scope::DesktopsRead) && (self.desktops[d].owner == who.id || admin),
            Question::ManageDesktop(d) => good_for(Scope::DesktopsWrite) && (self.desktops[d].owner == who.id || admin),
            // owners look into their desktops; administrators into others' while a grant of theirs lasts
            Question::OpenDesktop(d, now) => {
                let desktop = &self.desktops[d];
                let mut has_grant = false;
                for grant in &self.grants {
                    if grant.holder == who.id && grant.desktop == desktop.id && grant.until > now {
                        has_grant = true;
                    }
                }
                good_for(Scope::DesktopsOpen) && (desktop.owner == who.id || (admin && has_grant))
            }
            // administrators take grants, though not for their own desktops, and end anybody's
            Question::TakeGrant(d) => good_for(Scope::GrantsWrite) && admin && self.desktops[d].owner != who.id,
            Question::EndGrant => good_for(Scope::GrantsWrite) && admin,
            // whoever a template is given to may have a desktop of it while it is on; being an administrator gives none
            Question::Want(t) => {
                let offer = &self.templates[t];
                let given = offer.given.iter().any(|given| match *given {
                    Given::Everyone => true,
                    Given::Group(group) => is_in(group),
                    Given::User(user) => user == who.id,
                });
                good_for(Scope::DesktopsWrite) && offer.is_on && given
            }
            Question::SeeOfferedTemplates => good_for(Scope::TemplatesRead),
            Question::SeeEveryTemplate | Question::SeeJobs => good_for(Scope::TemplatesRead) && admin,
            Question::WriteTemplate => good_for(Scope::TemplatesWrite) && admin,
            // teachers give to their groups and to people who are in one of them, administrators to whomever
            Question::GiveToGroup(g) => {
                good_for(Scope::AssignmentsWrite) && (admin || (!student && is_in(self.groups[g])))
            }
            Question::GiveToPerson(p) => {
                let shares_a_group = self.people[p].groups.iter().any(|group| is_in(*group));
                good_for(Scope::AssignmentsWrite) && (admin || (!student && shares_a_group))
            }
            Question::GiveToEveryone => good_for(Scope::AssignmentsWrite) && admin,
            Question::SeeAssignment(a) => {
                good_for(Scope::AssignmentsRead) && (admin || (!student && self.assignments[a] == Some(who.id)))
            }
            Question::WriteAssignment(a) => {
                good_for(Scope::AssignmentsWrite) && (admin || (!student && self.assignments[a] == Some(who.id)))
            }
            // teachers see and have lessons with their groups, administrators with all
            Question::SeeLesson(l) => good_for(Scope::LessonsRead) && (admin || (!student && is_in(self.lessons[l]))),
            Question::WriteLesson(l) => {
                good_for(Scope::LessonsWrite) && (admin || (!student && is_in(self.lessons[l])))
            }
            // teachers restrict their groups and the desktops of who is in them, administrators anybody
            Question::RestrictGroup(g) => {
                good_for(Scope::NetworkWrite) && (admin || (!student && is_in(self.groups[g])))
            }
            Question::RestrictDesktopOf(p) => {
                let shares_a_group = self.people[p].groups.iter().any(|group| is_in(*group));
                good_for(Scope::NetworkWrite) && (admin || (!student && shares_a_group))
            }
            Question::SeeRestrictionOf(g) => {
                good_for(Scope::NetworkRead) && (admin || (!student && is_in(self.groups[g])))
            }
            // teachers see their groups and who is in them, administrators everybody
            Question::SeePerson(p) => {
                let shares_a_group = self.people[p].groups.iter().any(|group| is_in(*group));
                good_for(Scope::UsersRead) && (admin || (!student && shares_a_group))
            }
            Question::SeeGroup(g) => good_for(Scope::UsersRead) && (admin || (!student && is_in(self.groups[g]))),
            // who looked is told to the owner alone; what is known of a person to them and to administrators, who delete
            Question::SeeLooks(p) => good_for(Scope::DesktopsRead) && self.people[p].id == who.id,
            Question::ExportPerson(p) => good_for(Scope::UsersExport) && (admin || self.people[p].id == who.id),
            Question::DeletePerson => good_for(Scope::UsersWrite) && admin,
            // administrators tell of people, and have service accounts
            Question::Provision => good_for(Scope::ProvisioningWrite) && admin,
            Question::ManageServices => good_for(Scope::TokensWrite) && admin,
            Question::SeeIdentity => good_for(Scope::UsersRead) && admin,
            // everybody ends their own sessions, administrators anybody's; tokens are their owner's alone
            Question::EndSession(s) => good_for(Scope::SessionsWrite) && (admin || self.sessions[s] == who.id),
            Question::EndSessionsOf(p) => good_for(Scope::SessionsWrite) && (admin || self.people[p].id == who.id),
            Question::RevokeToken(t) => good_for(Scope::TokensWrite) && self.tokens[t] == who.id,
            Question::ReadAudit => good_for(Scope::AuditRead) && admin,
            Question::SeeWebhooks => good_for(Scope::WebhooksRead) && admin,
            Question::WriteWebhooks => good_for(Scope::WebhooksWrite) && admin,
            Question::SeeSchedule => good_for(Scope::ScheduleRead) && admin,
            Question::RunSchedule => good_for(Scope::ScheduleRun) && admin,
        }
    }

    /// The policy, asked as handlers ask it.
    fn policy(&self, who: &Principal, question: Question) -> bool {
        let sees_of_groups = |action, groups: &[GroupId]| {
            who.reach(action)
                .is_ok_and(|reach| reach.groups().is_none_or(|own| groups.iter().any(|group| own.contains(group))))
        };
        let of = |action, owner| who.may(action, who.whose(owner, &[])).is_ok();
        let of_groups = |action, groups: &[GroupId]| who.may(action, who.whose(None, groups)).is_ok();
        let any = |action| who.may_with_any(action).is_ok();
        match question {
            Question::SeeDesktop(d) => who.may_see(&self.desktops[d]).is_ok(),
            Question::ManageDesktop(d) => who.may_manage(&self.desktops[d]).is_ok(),
            Question::OpenDesktop(d, now) => {
                let desktop = &self.desktops[d];
                who.may_open(desktop.id, desktop.owner, &self.grants, now).is_ok()
            }
            Question::TakeGrant(d) => matches!(who.may_take_grant(&self.desktops[d]), Ok(Some(_))),
            Question::EndGrant => any(Action::GrantLook),
            Question::Want(t) => who.may_want(self.templates[t].is_on, &self.templates[t].given).is_ok(),
            Question::SeeOfferedTemplates => who.may_at_best(Action::SeeTemplates).is_ok(),
            Question::SeeEveryTemplate => any(Action::SeeTemplates),
            Question::WriteTemplate => any(Action::WriteTemplates),
            Question::SeeJobs => any(Action::SeeJobs),
            Question::GiveToGroup(g) => of_groups(Action::GiveTemplate, &[self.groups[g]]),
            Question::GiveToPerson(p) => of_groups(Action::GiveTemplate, &self.people[p].groups),
            Question::GiveToEveryone => any(Action::GiveTemplate),
            Question::SeeAssignment(a) => who
                .reach(Action::SeeAssignments)
                .is_ok_and(|reach| reach.owner().is_none_or(|own| self.assignments[a] == Some(own))),
            Question::WriteAssignment(a) => of(Action::WriteAssignments, self.assignments[a]),
            Question::SeeLesson(l) => sees_of_groups(Action::SeeLessons, &[self.lessons[l]]),
            Question::WriteLesson(l) => of_groups(Action::WriteLessons, &[self.lessons[l]]),
            Question::RestrictGroup(g) => of_groups(Action::Restrict, &[self.groups[g]]),
            Question::RestrictDesktopOf(p) => of_groups(Action::Restrict, &self.people[p].groups),
            Question::SeeRestrictionOf(g) => sees_of_groups(Action::SeeRestrictions, &[self.groups[g]]),
            Question::SeePerson(p) => sees_of_groups(Action::SeePeople, &self.people[p].groups),
            Question::SeeGroup(g) => sees_of_groups(Action::SeePeople, &[self.groups[g]]),
            Question::SeeLooks(p) => of(Action::SeeLooks, Some(self.people[p].id)),
            Question::ExportPerson(p) => of(Action::ExportPerson, Some(self.people[p].id)),
            Question::DeletePerson => any(Action::DeletePerson),
            Question::Provision => any(Action::Provision),
            Question::ManageServices => any(Action::ManageServices),
            Question::SeeIdentity => any(Action::SeeIdentity),
            Question::EndSession(s) => of(Action::ManageSessions, Some(self.sessions[s])),
            Question::EndSessionsOf(p) => of(Action::ManageSessions, Some(self.people[p].id)),
            Question::RevokeToken(t) => of(Action::ManageTokens, Some(self.tokens[t])),
            Question::ReadAudit => any(Action::ReadAudit),
            Question::SeeWebhooks => any(Action::SeeWebhooks),
            Question::WriteWebhooks => any(Action::WriteWebhooks),
            Question::SeeSchedule => any(Action::SeeSchedule),
            Question::RunSchedule => any(Action::RunSchedule),
        }
    }
}

fn one<T: Clone>(dice: &mut Rng, of: &[T]) -> T {
    of[dice.usize(0..of.len())].clone()
}

/// One of a few moments, so that questions also fall on the very end of a grant.
fn moment(dice: &mut Rng) -> Timestamp {
    testing::epoch() + TimeDelta::minutes(dice.i64(0..8))
}

/// What somebody came in with, and what it is good for.
fn credential(dice: &mut Rng) -> (Credential, Option<Vec<Scope>>) {
    if dice.bool() {
        return (Credential::Session(SessionId::new()), None);
    }
    let share = dice.u8(0..6);
    let scopes: Vec<_> = Scope::ALL.iter().copied().filter(|_| dice.u8(0..5) < share).collect();
    (Credential::Token(TokenId::new(), scopes.clone()), Some(scopes))
}

#[test]
fn a_million_questions_are_answered_as_the_rules_are_told() {
    let mut dice = Rng::with_seed(0x0070_756c_7400);
    let mut allowed = 0;
    for _ in 0..QUESTIONS / IN_EACH_SCHOOL {
        let school = School::any(&mut dice);
        let people: Vec<_> = school
            .people
            .iter()
            .map(|person| {
                let (credential, scopes) = credential(&mut dice);
                let principal = Principal {
                    user: person.id,
                    username: String::new(),
                    display_name: String::new(),
                    role: person.role,
                    groups: person.groups.clone(),
                    credential,
                };
                (person, principal, scopes)
            })
            .collect();
        for _ in 0..IN_EACH_SCHOOL {
            let (person, principal, scopes) = &people[dice.usize(0..people.len())];
            let question = school.question(&mut dice);
            let told = school.naive(person, scopes.as_deref(), question);
            assert_eq!(school.policy(principal, question), told, "{principal:?} asks {question:?}");
            allowed += usize::from(told);
        }
    }
    // neither answer is rare, so neither model can pass by giving one alone
    assert!((QUESTIONS / 5..QUESTIONS / 2).contains(&allowed), "{allowed} of {QUESTIONS} were allowed");
}
