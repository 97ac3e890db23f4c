//! A person who can sign in.

use domain::{
    Timestamp, UserId,
    access::{Role, UserKind},
};
use sea_orm::entity::prelude::*;

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Never reused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    /// Name to sign in with, in lower case.
    pub username: String,
    /// Full name.
    pub display_name: String,
    /// What they are.
    pub role: Role,
    /// Argon2id, for a local account.
    pub password_hash: Option<String>,
    /// The identity provider that vouches for them.
    pub issuer: Option<String>,
    /// Their id there.
    pub subject: Option<String>,
    /// The protocol's own id of them there, where the other is a better one.
    pub alias: Option<String>,
    /// When they were first known.
    pub created_at: Timestamp,
    /// When they last signed in.
    pub last_login_at: Option<Timestamp>,
    /// Whether it is somebody, or a program.
    pub kind: UserKind,
    /// Since when they may not come in.
    pub deactivated_at: Option<Timestamp>,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
