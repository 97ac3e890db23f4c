//! A class, course or staff group.

use domain::{GroupId, Timestamp};
use sea_orm::entity::prelude::*;

/// A class, course or staff group.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "groups")]
pub struct Model {
    /// Never reused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GroupId,
    /// As the identity provider names it.
    pub name: String,
    /// Its id there.
    pub external_id: Option<String>,
    /// When it was first known.
    pub created_at: Timestamp,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
