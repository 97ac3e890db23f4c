//! The one row that names this installation and counts its changes, and the engines it uses.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, flag, id, int, long, text, text_null, time_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("installation")
                    .col(id("id"))
                    // always 1: there is one installation a database
                    .col(int("single").unique_key())
                    .col(long("revision"))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("engines")
                    .col(text("name").primary_key())
                    .col(flag("reachable"))
                    .col(time_null("since"))
                    .col(time_null("checked_at"))
                    .col(text_null("message"))
                    .col(long("revision"))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["engines", "installation"]).await
    }
}
