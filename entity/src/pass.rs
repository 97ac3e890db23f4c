//! A browser's pass to one desktop's own host: first a ticket, then a cookie.

use domain::{DesktopId, PassId, SessionId, Timestamp};
use sea_orm::entity::prelude::*;

/// A browser's pass to one desktop's own host: first a ticket, then a cookie.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "passes")]
pub struct Model {
    /// Never a secret.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PassId,
    /// The session it came from, and ends with.
    pub session_id: SessionId,
    /// The one desktop it is good for.
    pub desktop_id: DesktopId,
    /// SHA-256 of what the browser has to show next.
    pub secret_hash: String,
    /// Until when a ticket can be exchanged; none once it was.
    pub exchange_until: Option<Timestamp>,
    /// When the ticket was made.
    pub created_at: Timestamp,
}

/// What a row refers to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The session it came from.
    #[sea_orm(belongs_to = "super::session::Entity", from = "Column::SessionId", to = "super::session::Column::Id")]
    Session,
}

impl Related<super::session::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Session.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
