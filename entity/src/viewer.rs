//! How many streams a gateway has open into a desktop.

use domain::{DesktopId, GatewayId};
use sea_orm::entity::prelude::*;

/// How many streams a gateway has open into a desktop; no row where it is none.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "viewers")]
pub struct Model {
    /// The process that has them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub gateway_id: GatewayId,
    /// The desktop that is watched.
    #[sea_orm(primary_key, auto_increment = false)]
    pub desktop_id: DesktopId,
    /// How many.
    pub viewers: i32,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
