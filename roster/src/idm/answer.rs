//! What the API answers, in its shapes.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// Why an answer cannot be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is odd: {0}")]
pub struct Odd(pub &'static str);

/// A part of a list.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Next,
}

/// Where the next part is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The answer does not say: on the next page, until one is empty.
    Numbered,
    /// There.
    At(String),
    /// Nowhere: this was the last.
    End,
}

impl<T: DeserializeOwned> Page<T> {
    pub(super) fn of(answer: Value) -> Result<Self, Odd> {
        let (items, next) = match answer {
            Value::Array(items) => (items, Next::Numbered),
            Value::Object(mut fields) => {
                let mut take = |names: [&str; 2]| names.iter().find_map(|name| fields.remove(*name));
                let Some(Value::Array(items)) = take(["hydra:member", "member"]) else {
                    return Err(Odd("no list"));
                };
                let next = match take(["hydra:view", "view"]) {
                    Some(Value::Object(view)) => view.get("hydra:next").or_else(|| view.get("next")).cloned(),
                    _ => None,
                };
                match next {
                    None | Some(Value::Null) => (items, Next::End),
                    Some(Value::String(next)) => (items, Next::At(next)),
                    Some(_) => return Err(Odd("the next page has no address")),
                }
            }
            _ => return Err(Odd("no list")),
        };
        let items = items.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
        Ok(Self { items: items.map_err(|_| Odd("an item is none"))?, next })
    }
}

/// Something that has an id of its own.
pub(super) trait Row {
    fn key(&self) -> &str;
}

/// A person.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct UserRow {
    #[serde(rename = "hexUuid", default)]
    pub(super) hex_uuid: Option<String>,
    #[serde(default)]
    pub(super) user: Option<String>,
    #[serde(rename = "firstname", default)]
    pub(super) first_name: Option<String>,
    #[serde(rename = "lastname", default)]
    pub(super) last_name: Option<String>,
    #[serde(default, deserialize_with = "yes")]
    locked: bool,
    #[serde(default, deserialize_with = "yes")]
    deleted: bool,
}

/// A group.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct GroupRow {
    #[serde(rename = "hexUuid", default)]
    pub(super) hex_uuid: Option<String>,
    /// Its account name.
    #[serde(rename = "group", default)]
    pub(super) act: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "yes")]
    deleted: bool,
}

/// Somebody in a group: a person, their id, or their address.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Member {
    Person {
        #[serde(rename = "hexUuid")]
        hex_uuid: String,
    },
    Word(String),
}

impl UserRow {
    pub(super) fn is_gone(&self) -> bool {
        self.locked || self.deleted
    }

    pub(super) fn id(&self) -> Result<&str, Odd> {
        id(self.hex_uuid.as_deref()).ok_or(Odd("a user without an id"))
    }
}

impl GroupRow {
    pub(super) fn is_gone(&self) -> bool {
        self.deleted
    }

    pub(super) fn id(&self) -> Result<&str, Odd> {
        id(self.hex_uuid.as_deref()).ok_or(Odd("a group without an id"))
    }

    /// What people call it.
    pub(super) fn called(&self) -> String {
        let names = [&self.name, &self.act, &self.hex_uuid];
        names.into_iter().flatten().map(|name| domain::normal(name)).find(|name| !name.is_empty()).unwrap_or_default()
    }
}

impl Member {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Person { hex_uuid } => hex_uuid,
            Self::Word(word) => word.rsplit('/').next().unwrap_or_default(),
        }
    }
}

impl Row for UserRow {
    fn key(&self) -> &str {
        self.hex_uuid.as_deref().unwrap_or_default()
    }
}

impl Row for GroupRow {
    fn key(&self) -> &str {
        self.hex_uuid.as_deref().unwrap_or_default()
    }
}

impl Row for Member {
    fn key(&self) -> &str {
        self.id()
    }
}

/// An id: it becomes a part of addresses, so it is made of what ids are made of.
fn id(word: Option<&str>) -> Option<&str> {
    let is_id = |word: &&str| {
        (1..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    word.filter(is_id)
}

/// A yes in any of its shapes.
fn yes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(yes) => yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        // a moment since when, or a word
        Value::String(text) => !matches!(text.as_str(), "" | "0" | "false" | "no"),
        _ => false,
    })
}
