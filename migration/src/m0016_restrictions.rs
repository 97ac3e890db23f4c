//! What groups and single desktops may reach less than their templates allow.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, id, owned_by, text, time, time_null, unique, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("restrictions")
                    .col(id("id"))
                    .col(uuid_null("group_id"))
                    .col(uuid_null("desktop_id"))
                    .col(text("network"))
                    .col(time_null("ends_at"))
                    .col(uuid_null("created_by"))
                    .col(time("created_at"))
                    .foreign_key(&mut owned_by("restrictions", "group_id", "groups"))
                    .foreign_key(&mut owned_by("restrictions", "desktop_id", "desktops"))
                    .take(),
            )
            .await?;
        // nothing is equal to nothing, so each column bounds those alone that have it
        manager.create_index(unique("restrictions", &["group_id"])).await?;
        manager.create_index(unique("restrictions", &["desktop_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["restrictions"]).await
    }
}
