//! A template given to a group, a user or everybody.

use domain::{AssignmentId, GroupId, TemplateId, Timestamp, UserId};
use sea_orm::entity::prelude::*;

/// A template given to a group, a user or everybody.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "assignments")]
pub struct Model {
    /// Never reused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AssignmentId,
    /// What is given.
    pub template_id: TemplateId,
    /// To this group,
    pub group_id: Option<GroupId>,
    /// or to this user,
    pub user_id: Option<UserId>,
    /// or to everybody.
    pub everyone: bool,
    /// Names of the hand-out folders it brings.
    #[sea_orm(column_type = "Json")]
    pub folders: Json,
    /// Who gave it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
}

/// What a row refers to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// What is given.
    #[sea_orm(belongs_to = "super::template::Entity", from = "Column::TemplateId", to = "super::template::Column::Id")]
    Template,
    /// To which group.
    #[sea_orm(belongs_to = "super::group::Entity", from = "Column::GroupId", to = "super::group::Column::Id")]
    Group,
    /// To which user.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
    User,
}

impl Related<super::template::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Template.def()
    }
}

impl Related<super::group::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Group.def()
    }
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
