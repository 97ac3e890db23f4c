//! What people may know of what is known of them: who looked into their desktops; and who is on the way out.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, id, index, owned_by, text, text_null, time, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("looks")
                    .col(id("id"))
                    .col(time("at"))
                    .col(uuid("owner_id"))
                    .col(uuid("desktop_id"))
                    // the desktop may be gone when it is read
                    .col(text("desktop_name"))
                    // no foreign key: the owner may know of it longer than the viewer is there
                    .col(uuid("viewer_id"))
                    .col(text_null("reason"))
                    .foreign_key(&mut owned_by("looks", "owner_id", "users"))
                    .take(),
            )
            .await?;
        manager.create_index(index("looks", &["owner_id"])).await?;
        manager.create_index(index("looks", &["viewer_id", "desktop_id"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("departures")
                    .col(uuid("user_id").primary_key())
                    .col(time("at"))
                    .foreign_key(&mut owned_by("departures", "user_id", "users"))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["departures", "looks"]).await
    }
}
