//! A group, or one desktop, that reaches less than its template allows.

use domain::{DesktopId, GroupId, RestrictionId, Timestamp, UserId, template::NetworkPolicy};
use sea_orm::entity::prelude::*;

/// A group, or one desktop, that reaches less than its template allows.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "restrictions")]
pub struct Model {
    /// Never reused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RestrictionId,
    /// The group whose pupils' desktops it is about; at most one for each group.
    pub group_id: Option<GroupId>,
    /// The desktop that it is about, where it is about no group; at most one for each desktop.
    pub desktop_id: Option<DesktopId>,
    /// The most that may be reached.
    pub network: NetworkPolicy,
    /// When it ends by itself.
    pub ends_at: Option<Timestamp>,
    /// Who wanted it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
