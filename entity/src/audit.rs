//! Who did what.

use domain::{AuditId, Timestamp, UserId};
use sea_orm::entity::prelude::*;

/// Who did what.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    /// Its place in the chain.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// Sortable by time.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who; nobody where Pult acted by itself.
    pub actor_id: Option<UserId>,
    /// What was done, a stable word.
    pub action: String,
    /// To what.
    pub object: Option<String>,
    /// What else is worth knowing.
    pub detail: Option<Json>,
    /// Over the one before it and all of the above, in hexadecimal digits.
    pub hash: String,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
