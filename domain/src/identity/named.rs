use serde_json::{Map, Value};

use super::{GroupClaim, word};
use crate::text::folded;

/// A group or a role, by whatever it is called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    id: Option<String>,
    /// Its account name.
    act: Option<String>,
    /// What people call it.
    name: Option<String>,
}

/// Everything that a claim names. It comes as
///
/// * objects by their ids: `{"4711": {"id": 4711, "act": "klasse.8d", "name": "Klasse 8D"}}`,
/// * a list of such objects, or one of them,
/// * names by their ids: `{"4711": "Klasse 8D"}`,
/// * a list of words, or one of them: `["ROLE_TEACHER"]`.
///
/// What is none of these names nothing.
pub(super) fn named(claim: Option<&Value>) -> Vec<Named> {
    match claim {
        Some(Value::Array(items)) => items.iter().filter_map(one).collect(),
        Some(Value::Object(fields)) if is_one(fields) => one_of(fields, None).into_iter().collect(),
        Some(Value::Object(items)) => items.iter().filter_map(|(key, item)| by_key(key, item)).collect(),
        Some(other) => one(other).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Whether an object is a group or a role, and not a drawer of several.
fn is_one(fields: &Map<String, Value>) -> bool {
    let is_word = |name| fields.get(name).is_some_and(|value: &Value| value.is_string() || value.is_number());
    ["id", "act", "name", "displayName"].into_iter().any(is_word)
}

fn one(item: &Value) -> Option<Named> {
    match item {
        Value::Object(fields) => one_of(fields, None),
        // nothing else is known of it, so it is its account name
        _ => word(Some(item)).map(|act| Named { act: Some(act), ..Named::default() }),
    }
}

fn by_key(key: &str, item: &Value) -> Option<Named> {
    let id = word(Some(&Value::String(key.to_owned())));
    match item {
        Value::Object(fields) => one_of(fields, id),
        Value::Null | Value::Bool(false) => None,
        _ => Some(Named { id, act: None, name: word(Some(item)) }).filter(Named::is_something),
    }
}

fn one_of(fields: &Map<String, Value>, key: Option<String>) -> Option<Named> {
    let field = |name| word(fields.get(name));
    let found =
        Named { id: field("id").or(key), act: field("act"), name: field("name").or_else(|| field("displayName")) };
    Some(found).filter(Named::is_something)
}

impl Named {
    fn is_something(&self) -> bool {
        self.id.is_some() || self.act.is_some() || self.name.is_some()
    }

    /// Whether a folded word is its id or its account name, which nobody chooses who only gives it a name.
    pub(super) fn is_known_as(&self, word: &str) -> bool {
        [&self.act, &self.id].into_iter().flatten().any(|own| folded(own) == word)
    }

    /// Whether a folded word is any of what it is called.
    pub(super) fn is_called(&self, word: &str) -> bool {
        self.is_known_as(word) || self.name.as_deref().is_some_and(|name| folded(name) == word)
    }

    /// It as a group, if there is something to call it.
    pub(super) fn as_group(&self) -> Option<GroupClaim> {
        let Self { id, act, name } = self;
        let called = name.clone().or_else(|| act.clone()).or_else(|| id.clone())?;
        let key = |kind: &str, word: &Option<String>| word.as_deref().map(|word| format!("{kind}:{}", folded(word)));
        let mut keys: Vec<_> = [key("id", id), key("act", act)].into_iter().flatten().collect();
        if keys.is_empty() {
            keys.extend(key("name", name));
        }
        Some(GroupClaim { keys, name: called, act: act.clone() })
    }
}
