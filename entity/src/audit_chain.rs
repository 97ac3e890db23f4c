//! The one row that knows where the audit log's chain begins and ends.

use sea_orm::entity::prelude::*;

/// The one row that knows where the audit log's chain begins and ends.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_chain")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub single: i32,
    /// The number of the last line.
    pub head_seq: i64,
    /// Its hash.
    pub head_hash: String,
    /// The number of the last line that was deleted because of its age.
    pub anchor_seq: i64,
    /// Its hash.
    pub anchor_hash: String,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
