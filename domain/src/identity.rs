//! Who somebody is, by what an identity provider says of them.
//!
//! Providers, and versions of the same provider, say one thing in many shapes: see [`named()`]. Whatever they send, the
//! outcome is a person with a role, and what cannot be understood gives nobody more than the lowest.

mod named;
pub mod scopes;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use self::named::{Named, named};
use crate::{
    access::Role,
    text::{folded, normal},
};

/// What a provider says of somebody.
pub type Claims = Map<String, Value>;

/// Groups of one person that are looked at; no school has more.
const MOST_GROUPS: usize = 500;
/// Characters of a name that are kept.
const LONGEST_NAME: usize = 200;

/// Whom a provider's words make a teacher or an administrator. Words are compared without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Groups of administrators, by id or account name. What a group is called does not count: any teacher can make
    /// one of any name.
    pub admin_groups: Vec<String>,
    /// Administrators, by the id that the provider has of them.
    pub admin_users: Vec<String>,
    /// Roles of administrators.
    pub admin_roles: Vec<String>,
    /// Groups of teachers, by id, account name or name.
    pub teacher_groups: Vec<String>,
    /// Roles of teachers.
    pub teacher_roles: Vec<String>,
}

/// Somebody, as a provider describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Their id at the provider, which never changes and is never given to somebody else.
    pub subject: String,
    /// The protocol's own id of them, where the provider has a better one.
    pub alias: Option<String>,
    /// Name to sign in with. May change.
    pub username: String,
    /// Full name.
    pub display_name: String,
    /// What they are.
    pub role: Role,
    /// Which rule made them that; none of a student.
    pub because: Option<Because>,
    /// The groups they belong to.
    pub groups: Vec<GroupClaim>,
}

/// The rule that gave somebody a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// The rule, as it is called in the configuration.
    pub rule: &'static str,
    /// The word of it that fits.
    pub word: String,
}

/// A group, as a provider names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupClaim {
    /// What it is known by there, the best first. Each says what kind of word it is: `id:4711`, `act:klasse.8d`.
    pub keys: Vec<String>,
    /// What people call it.
    pub name: String,
    /// Its account name, where it has one.
    pub act: Option<String>,
}

/// Why nobody can be made of some claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claims name nobody: there is no `sub`")]
pub struct Nameless;

/// What two sources say together: the later one has the last word, unless it says nothing.
pub fn merged(mut claims: Claims, later: Claims) -> Claims {
    for (name, value) in later {
        if !value.is_null() || !claims.contains_key(&name) {
            claims.insert(name, value);
        }
    }
    claims
}

/// Whether something is missing that the provider may say elsewhere: names, groups or roles.
pub fn is_incomplete(claims: &Claims) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| claims.get(*name).is_some_and(|value| !value.is_null()));
    !(has(&["preferred_username"]) && has(&["name", "given_name", "family_name"]) && has(&GROUPS) && has(&ROLES))
}

const GROUPS: [&str; 2] = ["iserv:groups", "groups"];
const ROLES: [&str; 2] = ["iserv:roles", "roles"];
const IDS: [&str; 2] = ["iserv:uuid", "uuid"];

impl Identity {
    /// Who it is that these claims describe.
    ///
    /// Somebody is an administrator if and only if a configured group, id or role of administrators fits, a teacher if
    /// and only if they are no administrator and a configured role or group of teachers fits, and else a student.
    pub fn of(claims: &Claims, rules: &Rules) -> Result<Self, Nameless> {
        let sub = word(claims.get("sub")).ok_or(Nameless)?;
        let id = IDS.iter().find_map(|name| word(claims.get(*name)));
        let groups: Vec<Named> = GROUPS.iter().flat_map(|name| named(claims.get(*name))).take(MOST_GROUPS).collect();
        let roles: Vec<Named> = ROLES.iter().flat_map(|name| named(claims.get(*name))).take(MOST_GROUPS).collect();
        let (subject, alias) = match id {
            Some(id) => (id, Some(sub)),
            None => (sub, None),
        };
        let username = word(claims.get("preferred_username")).map(|name| name.to_lowercase());
        let username = username.unwrap_or_else(|| subject.clone());
        let because = rules.fitting(&subject, alias.as_deref(), &groups, &roles);
        Ok(Self {
            display_name: full_name(claims).unwrap_or_else(|| username.clone()),
            role: because.as_ref().map_or(Role::Student, |(role, _)| *role),
            because: because.map(|(_, because)| because),
            groups: distinct(groups.iter().filter_map(Named::as_group)),
            subject,
            alias,
            username,
        })
    }
}

impl Rules {
    /// The rule that gives the highest role.
    fn fitting(
        &self,
        subject: &str,
        alias: Option<&str>,
        groups: &[Named],
        roles: &[Named],
    ) -> Option<(Role, Because)> {
        let by = |role, rule, words: &[String], fits: &dyn Fn(&str) -> bool| {
            let word = words.iter().find(|word| !word.trim().is_empty() && fits(&folded(word)))?;
            Some((role, Because { rule, word: word.clone() }))
        };
        let is_them = |word: &str| folded(subject) == word || alias.is_some_and(|alias| folded(alias) == word);
        let is_role = |word: &str| roles.iter().any(|role| role.is_called(word));
        let is_group = |word: &str| groups.iter().any(|group| group.is_called(word));
        let is_group_for_certain = |word: &str| groups.iter().any(|group| group.is_known_as(word));
        by(Role::Admin, "admin_users", &self.admin_users, &is_them)
            .or_else(|| by(Role::Admin, "admin_groups", &self.admin_groups, &is_group_for_certain))
            .or_else(|| by(Role::Admin, "admin_roles", &self.admin_roles, &is_role))
            .or_else(|| by(Role::Teacher, "teacher_roles", &self.teacher_roles, &is_role))
            .or_else(|| by(Role::Teacher, "teacher_groups", &self.teacher_groups, &is_group))
    }
}

/// What a claim says, if that is a word or a number.
fn word(claim: Option<&Value>) -> Option<String> {
    let text = match claim? {
        Value::String(text) => normal(text),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let text: String = text.chars().take(LONGEST_NAME).collect();
    (!text.is_empty()).then_some(text)
}

fn full_name(claims: &Claims) -> Option<String> {
    word(claims.get("name")).or_else(|| {
        let parts = ["given_name", "family_name"].map(|part| word(claims.get(part)));
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (!name.is_empty()).then_some(name)
    })
}

/// Each group once, whichever claims name it.
fn distinct(groups: impl Iterator<Item = GroupClaim>) -> Vec<GroupClaim> {
    let mut distinct: Vec<GroupClaim> = Vec::new();
    for group in groups {
        let known = distinct.iter_mut().find(|known| known.keys.iter().any(|key| group.keys.contains(key)));
        match known {
            None => distinct.push(group),
            // said twice: what says more counts
            Some(known) if group.keys.len() > known.keys.len() => *known = group,
            Some(_) => {}
        }
    }
    distinct
}
