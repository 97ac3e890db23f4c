//! Who looked into somebody else's desktop.

use domain::{DesktopId, LookId, Timestamp, UserId};
use sea_orm::entity::prelude::*;

/// Who looked into somebody else's desktop.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "looks")]
pub struct Model {
    /// Sortable by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LookId,
    /// When.
    pub at: Timestamp,
    /// Whose desktop it is.
    pub owner_id: UserId,
    /// Which desktop; it may be gone.
    pub desktop_id: DesktopId,
    /// What it was called.
    pub desktop_name: String,
    /// Who looked; they may be gone.
    pub viewer_id: UserId,
    /// Why, as they said.
    pub reason: Option<String>,
}

/// What it is joined with.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Who looked, if they are still there.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::ViewerId", to = "super::user::Column::Id")]
    Viewer,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Viewer.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
