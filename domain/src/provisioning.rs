//! People and groups as others keep them, and what has to change here so that it is so here as well.
//!
//! Who tells of them is a *source*: scripts over REST, a file, the school's roster. Each source has ids of its own, and
//! what one has told only it takes back. Nobody is ever recognised by a username: names are given away.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::{access::Role, text::words};

words! {
    /// Who tells of people and groups.
    Source, "source" {
        /// Scripts, over REST.
        Rest = "rest",
        /// Files of people.
        Csv = "csv",
        /// The school's own list.
        Roster = "roster",
    }
}

/// Somebody, as a source tells of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their id at the source, which is never given to somebody else.
    pub external_id: String,
    /// Name to sign in with. May change, and gets a number where somebody has it.
    pub username: String,
    /// Full name.
    pub display_name: String,
    /// What they are; where nothing is said it stays, and who is new is a student. Nobody becomes an administrator by it.
    pub role: Option<Role>,
    /// As whom an identity provider will sign them in.
    pub identity: Option<Subject>,
}

/// Somebody's id at an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The provider.
    pub issuer: String,
    /// Its id of them.
    pub subject: String,
}

/// A group, as a source tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id at the source.
    pub external_id: String,
    /// What people call it.
    pub name: String,
    /// What an identity provider calls the same group, as sign-ins know it.
    pub key: Option<String>,
}

/// Everything that a source tells of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// The people.
    pub people: Vec<Person>,
    /// The groups.
    pub groups: Vec<Group>,
    /// Who belongs to which: the group's id and the person's.
    pub members: BTreeSet<(String, String)>,
}

/// What is known here of what a source has told before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The people, by their ids at the source.
    pub people: BTreeMap<String, KnownPerson>,
    /// The groups' names, by their ids at the source.
    pub groups: BTreeMap<String, String>,
    /// Who belongs to which by the source's word.
    pub members: BTreeSet<(String, String)>,
}

/// Somebody who is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    /// Name to sign in with.
    pub username: String,
    /// Full name.
    pub display_name: String,
    /// What they are.
    pub role: Role,
    /// Whether they may come in.
    pub is_active: bool,
}

/// Whether a source tells of everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Whoever is not named is gone.
    Whole,
    /// Of whoever is not named nothing is said.
    Part,
}

/// What has to change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// People to be made or changed.
    pub people: Vec<Person>,
    /// Groups to be made or renamed.
    pub groups: Vec<Group>,
    /// Memberships to be made.
    pub join: BTreeSet<(String, String)>,
    /// Memberships to be ended.
    pub leave: BTreeSet<(String, String)>,
    /// People who are not told of any more.
    pub gone_people: Vec<String>,
    /// Groups that are not told of any more.
    pub gone_groups: Vec<String>,
    /// How much that is.
    pub report: Report,
}

/// How much changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// People.
    pub people: Count,
    /// Groups.
    pub groups: Count,
    /// Memberships.
    pub members: Count,
    /// Administrators who are not told of any more, and stay.
    pub kept_admins: u64,
}

/// How many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Are new.
    pub made: u64,
    /// Are not as they were.
    pub changed: u64,
    /// Stay as they are.
    pub unchanged: u64,
    /// Are gone: people are deactivated, the rest is removed.
    pub gone: u64,
}

/// Why a list is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unbelievable {
    /// It names nobody.
    #[error("the list of {0} is empty")]
    Empty(&'static str),
    /// Too many are missing in it.
    #[error("{gone} of {of} {what} are missing in the list, more than {MOST_GONE} %")]
    TooManyGone {
        /// Of what.
        what: &'static str,
        /// How many are missing.
        gone: usize,
        /// How many there are.
        of: usize,
    },
}

/// How many of those that are known may be missing in a list of all, in percent.
pub const MOST_GONE: usize = 20;

/// What has to change so that everything is as a source tells.
pub fn plan(known: &Known, told: &Roster, extent: Extent) -> Plan {
    let mut plan = Plan::default();
    for person in &told.people {
        let count = &mut plan.report.people;
        match known.people.get(&person.external_id) {
            None => count.made += 1,
            Some(known) if known.is_as(person) => {
                count.unchanged += 1;
                continue;
            }
            Some(_) => count.changed += 1,
        }
        plan.people.push(person.clone());
    }
    for group in &told.groups {
        let count = &mut plan.report.groups;
        match known.groups.get(&group.external_id) {
            None => count.made += 1,
            Some(name) if is_called(name, &group.name) => {
                count.unchanged += 1;
                continue;
            }
            Some(_) => count.changed += 1,
        }
        plan.groups.push(group.clone());
    }
    let named: BTreeSet<_> = told.people.iter().map(|person| person.external_id.as_str()).collect();
    let named_groups: BTreeSet<_> = told.groups.iter().map(|group| group.external_id.as_str()).collect();
    if extent == Extent::Whole {
        for (id, person) in known.people.iter().filter(|(id, one)| one.is_active && !named.contains(id.as_str())) {
            if person.role == Role::Admin {
                plan.report.kept_admins += 1;
            } else {
                plan.gone_people.push(id.clone());
            }
        }
        plan.gone_groups = known.groups.keys().filter(|id| !named_groups.contains(id.as_str())).cloned().collect();
    }
    plan.join = told.members.difference(&known.members).cloned().collect();
    let is_spoken_of = |person: &str| extent == Extent::Whole || named.contains(person);
    let over = known.members.difference(&told.members).filter(|(_, person)| is_spoken_of(person));
    plan.leave = over.cloned().collect();
    let many = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    plan.report.people.gone = many(plan.gone_people.len());
    plan.report.groups.gone = many(plan.gone_groups.len());
    plan.report.members = Count {
        made: many(plan.join.len()),
        changed: 0,
        unchanged: many(told.members.len() - plan.join.len()),
        gone: many(plan.leave.len()),
    };
    plan
}

/// Whether a list of everybody can be believed: if and only if it names somebody, and neither of the people nor of the
/// groups that are known more than a fifth is missing in it.
pub fn believe(known: &Known, told: &Roster, plan: &Plan) -> Result<(), Unbelievable> {
    if told.people.is_empty() {
        return Err(Unbelievable::Empty("people"));
    }
    let active = known.people.values().filter(|person| person.is_active).count();
    for (what, gone, of) in
        [("people", plan.gone_people.len(), active), ("groups", plan.gone_groups.len(), known.groups.len())]
    {
        if gone * 100 > of * MOST_GONE {
            return Err(Unbelievable::TooManyGone { what, gone, of });
        }
    }
    Ok(())
}

impl KnownPerson {
    /// Whether somebody is as they are told of. An administrator's role is no source's to say.
    fn is_as(&self, told: &Person) -> bool {
        let has_role = self.role == Role::Admin || told.role.is_none_or(|role| role == self.role);
        self.is_active
            && has_role
            && self.display_name == told.display_name
            && is_numbered(&self.username, &told.username)
    }
}

/// Whether a username is the one that is wanted, or that with a number.
pub fn is_numbered(has: &str, wanted: &str) -> bool {
    let wanted = wanted.trim().to_lowercase();
    has.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Whether a group has the name that is wanted, or that with something that tells it apart.
pub fn is_called(has: &str, wanted: &str) -> bool {
    has.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
}
