//! Work that takes long enough to be watched.

use domain::{JobId, Timestamp, UserId};
use sea_orm::entity::prelude::*;

/// Work that takes long enough to be watched.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    /// Never reused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    /// What is done.
    pub kind: String,
    /// How far it is.
    pub state: String,
    /// To what.
    pub subject: String,
    /// 0 to 1, where it can be told.
    pub progress: Option<f64>,
    /// What is happening.
    pub message: String,
    /// Who wanted it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The installation's counter at the last change.
    pub revision: i64,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
