//! A process through which desktops are watched.

use domain::{GatewayId, Timestamp};
use sea_orm::entity::prelude::*;

/// A process through which desktops are watched.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "gateways")]
pub struct Model {
    /// Another one after each start.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GatewayId,
    /// When it last said what it sees.
    pub seen_at: Timestamp,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
