//! What a provider is asked to say, and what to do where it refuses.
//!
//! IServ refuses a sign-in as a whole when one scope of those it is asked for is not released for us, and its versions
//! name theirs differently. So it is asked for everything first, and for less with each refusal; the step that worked
//! is where the next sign-in begins.

use chrono::TimeDelta;

use crate::Timestamp;

/// From everything to the least that is of use.
const LADDER: [&[&str]; 5] = [
    &["openid", "profile", "email", "iserv:uuid", "iserv:groups", "iserv:roles", "uuid", "groups", "roles"],
    &["openid", "profile", "email", "iserv:uuid", "iserv:groups", "iserv:roles"],
    &["openid", "profile", "email", "uuid", "groups", "roles"],
    &["openid", "profile", "email"],
    &["openid", "profile"],
];

/// What is of use, and by which scopes it is said.
const WANTED: [[&str; 2]; 3] = [["iserv:uuid", "uuid"], ["iserv:groups", "groups"], ["iserv:roles", "roles"]];

/// After this time everything is asked for again: somebody may have released it meanwhile.
const AGAIN_AFTER: TimeDelta = TimeDelta::days(1);

/// The scopes of a step; none beyond the last.
pub fn step(index: usize) -> Option<&'static [&'static str]> {
    LADDER.get(index).copied()
}

/// Where to begin: at the step that worked, for a day after it was found.
pub fn first(worked: Option<(usize, Timestamp)>, now: Timestamp) -> usize {
    worked.filter(|(step, at)| *step < LADDER.len() && now - *at < AGAIN_AFTER).map_or(0, |(step, _)| step)
}

/// The scopes that have to be released for somebody's id, groups and roles to be known, where only `asked` are.
pub fn missing(asked: &[&str]) -> Vec<&'static str> {
    let lacks = |names: &&[&'static str; 2]| names.iter().all(|name| !asked.contains(name));
    WANTED.iter().filter(lacks).map(|[name, _]| *name).collect()
}
