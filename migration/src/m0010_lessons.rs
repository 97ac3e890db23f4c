//! Lessons: while one runs, the desktops of its group go on.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, id, index, owned_by, time, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("lessons")
                    .col(id("id"))
                    .col(uuid("group_id"))
                    // absent: every template
                    .col(uuid_null("template_id"))
                    .col(time("starts_at"))
                    .col(time("ends_at"))
                    .col(uuid_null("created_by"))
                    .col(time("created_at"))
                    .foreign_key(&mut owned_by("lessons", "group_id", "groups"))
                    .foreign_key(&mut owned_by("lessons", "template_id", "templates"))
                    .take(),
            )
            .await?;
        manager.create_index(index("lessons", &["group_id"])).await?;
        manager.create_index(index("lessons", &["ends_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["lessons"]).await
    }
}
