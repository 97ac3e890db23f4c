//! Desktops remember how they were reached and shown when they became ready.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::json_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // absent of what does not run, and of what ran before this step: that goes on by its template until it stops
        manager.alter_table(Table::alter().table("desktops").add_column(json_null("served")).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("desktops").drop_column("served").take()).await
    }
}
