//! A browser that is on its way to an identity provider and back.

use domain::Timestamp;
use sea_orm::entity::prelude::*;

/// A browser that is on its way to an identity provider and back.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_ins")]
pub struct Model {
    /// SHA-256 of the word by which the answer is known.
    #[sea_orm(primary_key, auto_increment = false)]
    pub state_hash: String,
    /// SHA-256 of the browser's own word.
    pub browser_hash: String,
    /// The provider, as it is called in the configuration.
    pub provider: String,
    /// For how much it was asked.
    pub scope_step: i32,
    /// Where the browser goes afterwards.
    pub return_to: String,
    /// Until when the answer is awaited.
    pub expires_at: Timestamp,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
