//! A message to a program, and what became of it.

use domain::{Timestamp, WebhookDeliveryId, WebhookId};
use sea_orm::entity::prelude::*;

/// A message to a program, and what became of it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    /// Also the message's own id, by which whoever gets it twice knows it again.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookDeliveryId,
    /// To whom.
    pub webhook_id: WebhookId,
    /// What it tells of.
    pub kind: String,
    /// All of it, as it is signed.
    pub body: String,
    /// Whether it is on its way, arrived, or is given up.
    pub state: String,
    /// How often it was sent; also tells who sends it now from whoever did before.
    pub attempts: i32,
    /// How often it failed since it was put on the way.
    pub failures: i32,
    /// When what it tells of happened.
    pub created_at: Timestamp,
    /// When it was put on the way, the last time.
    pub queued_at: Timestamp,
    /// When it is sent next, while it is on its way. Whoever sends it has moved this to when it may be lost.
    pub due_at: Timestamp,
    /// When it arrived or was given up.
    pub finished_at: Option<Timestamp>,
    /// The last answer's status.
    pub status: Option<i32>,
    /// Why it did not arrive the last time.
    pub problem: Option<String>,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
