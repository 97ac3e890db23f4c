//! What desktops are made from, and who gets it.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, flag, id, index, int, json, long, owned_by, text, text_null, time, unique, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("templates")
                    .col(id("id"))
                    .col(text("slug"))
                    .col(text("name"))
                    .col(text("description"))
                    .col(text_null("icon"))
                    .col(text("image"))
                    .col(int("port"))
                    .col(text("protocol"))
                    .col(flag("verify_tls"))
                    .col(text("path"))
                    .col(json("env"))
                    .col(text("vnc_user"))
                    .col(ColumnDef::new("cpus").double().not_null())
                    .col(long("memory_mb"))
                    .col(long("pids"))
                    .col(long("shm_mb"))
                    .col(text("home"))
                    .col(text("network"))
                    .col(text("client"))
                    .col(text_null("health_path"))
                    .col(ColumnDef::new("idle_after_seconds").big_integer())
                    .col(flag("enabled"))
                    .col(time("created_at"))
                    .col(time("updated_at"))
                    .take(),
            )
            .await?;
        manager.create_index(unique("templates", &["slug"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("assignments")
                    .col(id("id"))
                    .col(uuid("template_id"))
                    .col(uuid_null("group_id"))
                    .col(uuid_null("user_id"))
                    // neither a group nor a user: everybody
                    .col(flag("everyone"))
                    .col(json("folders"))
                    .col(uuid_null("created_by"))
                    .col(time("created_at"))
                    .foreign_key(&mut owned_by("assignments", "template_id", "templates"))
                    .foreign_key(&mut owned_by("assignments", "group_id", "groups"))
                    .foreign_key(&mut owned_by("assignments", "user_id", "users"))
                    .take(),
            )
            .await?;
        manager.create_index(index("assignments", &["template_id"])).await?;
        manager.create_index(index("assignments", &["group_id"])).await?;
        manager.create_index(index("assignments", &["user_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["assignments", "templates"]).await
    }
}
