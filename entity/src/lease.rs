//! Who of several processes does what only one may do.

use sea_orm::entity::prelude::*;

/// Who of several processes does what only one may do.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "leases")]
pub struct Model {
    /// What only one may do.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Who does it.
    pub holder: String,
    /// Until when, in milliseconds since 1970 on the database's clock: a number, which it can reckon with itself.
    pub until_ms: i64,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
