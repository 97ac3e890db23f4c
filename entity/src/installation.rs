//! The one row that names this installation and counts its changes.

use domain::InstallationId;
use sea_orm::entity::prelude::*;

/// The one row that names this installation and counts its changes.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "installation")]
pub struct Model {
    /// As its containers are labelled.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InstallationId,
    /// Always 1, and unique.
    pub single: i32,
    /// Raised by every change that readers follow.
    pub revision: i64,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
