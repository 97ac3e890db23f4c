//! A browser that is signed in.

use domain::{SessionId, Timestamp, UserId};
use sea_orm::entity::prelude::*;

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// Never a secret.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    /// Who signed in.
    pub user_id: UserId,
    /// SHA-256 of the cookie's value.
    pub secret_hash: String,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// The identity provider that vouched, as it is called in the configuration.
    pub provider: Option<String>,
    /// The session's id there.
    pub provider_sid: Option<String>,
    /// What it vouched with, sealed: shown to it again when somebody signs out.
    pub id_token: Option<String>,
    /// With what the provider can be asked again who somebody is, sealed; none where it cannot be.
    pub access_token: Option<String>,
    /// What gives another such token, sealed.
    pub refresh_token: Option<String>,
    /// When it was asked last.
    pub asked_at: Option<Timestamp>,
}

/// What a row refers to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Who signed in.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
    User,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
