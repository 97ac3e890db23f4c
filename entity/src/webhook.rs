//! A program that is told what happens to desktops.

use domain::{Timestamp, WebhookId};
use sea_orm::entity::prelude::*;

/// A program that is told what happens to desktops.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub struct Model {
    /// Never reused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookId,
    /// Where messages are sent.
    pub url: String,
    /// Words separated by spaces: of what it is told.
    pub topics: String,
    /// With what messages are signed, sealed.
    pub secret: String,
    /// With what they were signed before, sealed.
    pub former_secret: Option<String>,
    /// Until when they are signed with that as well.
    pub former_until: Option<Timestamp>,
    /// Whether it is told anything.
    pub enabled: bool,
    /// Why not, where Pult switched it off.
    pub disabled_because: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// None is used: the store joins by hand where it must.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
