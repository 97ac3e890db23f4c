//! Webhooks: who is told what happens to desktops, and what became of each message.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, flag, id, index, int, owned_by, text, text_null, time, time_null, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("webhooks")
                    .col(id("id"))
                    .col(text("url"))
                    .col(text("topics"))
                    .col(text("secret"))
                    .col(text_null("former_secret"))
                    .col(time_null("former_until"))
                    .col(flag("enabled"))
                    .col(text_null("disabled_because"))
                    .col(time("created_at"))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("webhook_deliveries")
                    .col(id("id"))
                    .col(uuid("webhook_id"))
                    .col(text("kind"))
                    .col(text("body"))
                    .col(text("state"))
                    .col(int("attempts"))
                    .col(int("failures"))
                    .col(time("created_at"))
                    .col(time("queued_at"))
                    .col(time("due_at"))
                    .col(time_null("finished_at"))
                    .col(ColumnDef::new("status").integer().take())
                    .col(text_null("problem"))
                    .foreign_key(&mut owned_by("webhook_deliveries", "webhook_id", "webhooks"))
                    .take(),
            )
            .await?;
        manager.create_index(index("webhook_deliveries", &["webhook_id"])).await?;
        manager.create_index(index("webhook_deliveries", &["state", "due_at"])).await?;
        manager.create_index(index("webhook_deliveries", &["queued_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["webhook_deliveries", "webhooks"]).await
    }
}
