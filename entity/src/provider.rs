//! What is remembered of an identity provider.

use domain::Timestamp;
use sea_orm::entity::prelude::*;

/// What is remembered of an identity provider.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "providers")]
pub struct Model {
    /// Its address.
    #[sea_orm(primary_key, auto_increment = false)]
    pub issuer: String,
    /// For how much it was asked when a sign-in worked last.
    pub scope_step: i32,
    /// When that was found out.
    pub scope_step_at: Timestamp,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
