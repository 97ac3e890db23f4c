//! By which id others know a group.

use domain::GroupId;
use sea_orm::entity::prelude::*;

/// By which id others know a group.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "provisioned_groups")]
pub struct Model {
    /// Who tells of them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    /// Their id there.
    #[sea_orm(primary_key, auto_increment = false)]
    pub external_id: String,
    /// Who that is here.
    pub group_id: GroupId,
}

/// What a row refers to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Who that is here.
    #[sea_orm(belongs_to = "super::group::Entity", from = "Column::GroupId", to = "super::group::Column::Id")]
    Group,
}

impl Related<super::group::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Group.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
