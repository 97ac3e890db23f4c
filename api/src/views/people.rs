use domain::{
    Timestamp,
    access::{Role, Scope},
};
use salvo::oapi::ToSchema;
use serde::Serialize;
use store::{Group, Token, User};

use crate::word::Word;

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = User))]
pub(crate) struct UserView {
    id: String,
    username: String,
    display_name: String,
    role: Word<Role>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username,
            display_name: user.display_name,
            role: Word(user.role),
        }
    }
}

/// A class, course or staff group.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = Group))]
pub(crate) struct GroupView {
    id: String,
    name: String,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        Self { id: group.id.to_string(), name: group.name }
    }
}

/// An API token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = Token))]
pub(crate) struct TokenView {
    id: String,
    name: String,
    /// Its first characters, to recognise it by.
    prefix: String,
    /// What it is good for; empty for everything its owner may.
    scopes: Vec<Word<Scope>>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    /// To the minute.
    last_used_at: Option<Timestamp>,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name,
            prefix: token.prefix,
            scopes: token.scopes.into_iter().map(Word).collect(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}
