//! The right to look into somebody else's desktop for a while.

use domain::{DesktopId, GrantId, Timestamp, UserId};
use sea_orm::entity::prelude::*;

/// The right to look into somebody else's desktop for a while.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "grants")]
pub struct Model {
    /// Never reused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GrantId,
    /// Into which desktop.
    pub desktop_id: DesktopId,
    /// Who may.
    pub holder_id: UserId,
    /// Why, as its owner reads it.
    pub reason: String,
    /// When it was taken.
    pub created_at: Timestamp,
    /// Before then; earlier than was said at first, where it was ended.
    pub ends_at: Timestamp,
    /// When somebody last went into the desktop with it.
    pub entered_at: Option<Timestamp>,
}

/// What a row refers to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Into which desktop.
    #[sea_orm(belongs_to = "super::desktop::Entity", from = "Column::DesktopId", to = "super::desktop::Column::Id")]
    Desktop,
    /// Who may.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::HolderId", to = "super::user::Column::Id")]
    Holder,
}

impl Related<super::desktop::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Desktop.def()
    }
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Holder.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
