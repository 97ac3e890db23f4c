//! By which id others know a person.

use domain::UserId;
use sea_orm::entity::prelude::*;

/// By which id others know a person.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "provisioned_users")]
pub struct Model {
    /// Who tells of them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    /// Their id there.
    #[sea_orm(primary_key, auto_increment = false)]
    pub external_id: String,
    /// Who that is here.
    pub user_id: UserId,
}

/// What a row refers to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Who that is here.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
    User,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
