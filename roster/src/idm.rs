//! IServ's IDM API: everybody of a school, and every group.
//!
//! What it says comes as plain lists (`?page=`) or as Hydra collections (`hydra:next`). Nothing that it says leads
//! anywhere else than to its own origin, and whatever is odd about an answer ends the reading: half a list is none.

mod answer;
mod client;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use domain::{
    access::Role,
    folded,
    identity::{Identity, Rules},
    provisioning::{Group, Person, Roster, Subject},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use self::{
    answer::{GroupRow, Member, UserRow},
    client::Client,
};

pub use self::client::FetchError;

/// Where the API is, and how it is asked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The school's IServ: `https://iserv.school.example`.
    pub url: Url,
    /// What proves that we may ask.
    pub access: Access,
    /// The identity provider by which the same people sign in.
    pub issuer: String,
    /// Whom groups make a teacher.
    pub rules: Rules,
}

/// What proves that we may ask.
#[derive(Debug, Clone)]
pub enum Access {
    /// A token by OAuth's client credentials (RFC 6749 section 4.4), with the scope `iserv:idm:api-read`.
    Client {
        /// Our id there.
        id: String,
        /// Its secret.
        secret: SecretString,
        /// Where tokens are made; as IServ says by itself where nothing is said.
        token_url: Option<Url>,
    },
    /// The header `X-IServ-Authentication`.
    Header(SecretString),
}

const USERS: &str = "/iserv/idm/api/v1/users";
const GROUPS: &str = "/iserv/idm/api/v1/groups";

/// Reads everybody and every group. Whoever is locked or deleted there is not in the list.
pub async fn fetch(config: &Config) -> Result<Roster, FetchError> {
    let client = Client::connect(config).await?;
    let users: Vec<UserRow> = client.list(USERS).await?;
    let groups: Vec<GroupRow> = client.list(GROUPS).await?;
    let groups: Vec<_> = groups.into_iter().filter(|group| !group.is_gone()).collect();
    let mut members = Vec::with_capacity(groups.len());
    for group in &groups {
        let of_group: Vec<Member> = client.list(&format!("{GROUPS}/{}/members", group.id()?)).await?;
        members.push(of_group);
    }
    let people: Vec<_> = users.into_iter().filter(|user| !user.is_gone()).collect();
    Ok(roster(config, &people, &groups, &members)?)
}

/// What rows say together.
fn roster(
    config: &Config,
    users: &[UserRow],
    groups: &[GroupRow],
    members: &[Vec<Member>],
) -> Result<Roster, answer::Odd> {
    let mut roster = Roster::default();
    let mut belongs: HashMap<&str, Vec<&GroupRow>> = HashMap::new();
    for (group, members) in groups.iter().zip(members) {
        for member in members {
            belongs.entry(member.id()).or_default().push(group);
        }
        roster.groups.push(Group {
            external_id: group.id()?.to_owned(),
            name: group.called(),
            key: group.act.as_deref().map(|act| format!("{} act:{}", config.issuer, folded(act))),
        });
    }
    let mut known = BTreeSet::new();
    for user in users {
        let id = user.id()?;
        if !known.insert(id) {
            continue;
        }
        let of = belongs.get(id).map(Vec::as_slice).unwrap_or_default();
        roster.people.push(person(config, id, user, of)?);
        for group in of {
            roster.members.insert((group.id()?.to_owned(), id.to_owned()));
        }
    }
    Ok(roster)
}

/// Somebody as they would be if they signed in now. Nobody becomes an administrator by a list.
fn person(config: &Config, id: &str, user: &UserRow, groups: &[&GroupRow]) -> Result<Person, answer::Odd> {
    let groups: Vec<Value> =
        groups.iter().map(|group| json!({ "id": group.hex_uuid, "act": group.act, "name": group.name })).collect();
    let claims = json!({
        "sub": id,
        "preferred_username": user.user,
        "given_name": user.first_name,
        "family_name": user.last_name,
        "groups": groups,
    });
    let claims = claims.as_object().cloned().unwrap_or_default();
    let identity = Identity::of(&claims, &config.rules).map_err(|_| answer::Odd("a user without an id"))?;
    Ok(Person {
        external_id: id.to_owned(),
        username: identity.username,
        display_name: identity.display_name,
        role: Some(identity.role.min(Role::Teacher)),
        identity: Some(Subject { issuer: config.issuer.clone(), subject: identity.subject }),
    })
}
