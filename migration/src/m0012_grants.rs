//! Grants: who may look into somebody else's desktop, why, and until when.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, id, index, owned_by, text, time, time_null, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("grants")
                    .col(id("id"))
                    .col(uuid("desktop_id"))
                    .col(uuid("holder_id"))
                    .col(text("reason"))
                    .col(time("created_at"))
                    .col(time("ends_at"))
                    .col(time_null("entered_at"))
                    .foreign_key(&mut owned_by("grants", "desktop_id", "desktops"))
                    .foreign_key(&mut owned_by("grants", "holder_id", "users"))
                    .take(),
            )
            .await?;
        manager.create_index(index("grants", &["desktop_id"])).await?;
        manager.create_index(index("grants", &["holder_id"])).await?;
        manager.create_index(index("grants", &["ends_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["grants"]).await
    }
}
