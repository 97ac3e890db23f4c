//! What was answered to a wish that may be sent again.

use domain::{DesktopId, Timestamp, UserId};
use sea_orm::entity::prelude::*;

/// What was answered to a wish that may be sent again.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// Whose wish it was.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// What they told it apart by.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 of what was asked for.
    pub request_hash: String,
    /// The desktop that was answered.
    pub desktop_id: DesktopId,
    /// Whether it was made for this wish.
    pub is_new: bool,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
