//! A group that needs its desktops for a while.

use domain::{GroupId, LessonId, TemplateId, Timestamp, UserId};
use sea_orm::entity::prelude::*;

/// A group that needs its desktops for a while.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "lessons")]
pub struct Model {
    /// Never reused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LessonId,
    /// Whose lesson it is.
    pub group_id: GroupId,
    /// Desktops of which template it needs; of every one where there is none.
    pub template_id: Option<TemplateId>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it is over.
    pub ends_at: Timestamp,
    /// Who wanted it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
}

/// What a row refers to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Whose lesson it is.
    #[sea_orm(belongs_to = "super::group::Entity", from = "Column::GroupId", to = "super::group::Column::Id")]
    Group,
    /// Who belongs to that group.
    #[sea_orm(
        belongs_to = "super::membership::Entity",
        from = "Column::GroupId",
        to = "super::membership::Column::GroupId"
    )]
    Membership,
    /// Desktops of which template it needs.
    #[sea_orm(belongs_to = "super::template::Entity", from = "Column::TemplateId", to = "super::template::Column::Id")]
    Template,
}

impl Related<super::group::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Group.def()
    }
}

impl Related<super::template::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Template.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
