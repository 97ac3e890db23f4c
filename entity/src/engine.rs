//! What is known of an engine.

use domain::Timestamp;
use sea_orm::entity::prelude::*;

/// What is known of an engine.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "engines")]
pub struct Model {
    /// The node it runs on.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Whether it answered when last asked.
    pub reachable: bool,
    /// Since when that is so.
    pub since: Option<Timestamp>,
    /// When the full picture was last compared.
    pub checked_at: Option<Timestamp>,
    /// What went wrong.
    pub message: Option<String>,
    /// The installation's counter at the last change.
    pub revision: i64,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
